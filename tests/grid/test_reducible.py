"""The flag "reducible" against what the control does: `projected-grid` on the standing instances, four grids each."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import mfbench_committor
from mfbench.registry import resolve
from mfbench_grid import projected_grid
from mfbench_grid.projected_grid_entry import ProjectedGridParameters

pytestmark = pytest.mark.slow

GOAL = 1e-4
"""The strictest goal that a learnt solver has on any of them (`benchmarks/committor.py`)."""
FAR = 0.05
"""What is not reducible is missed by more, whatever the grid: no verdict hangs on the goal's digits."""
SIMULATED = {"ginzburg-landau", "lattice-field", "lj7", "solvated-dimer"}
"""Known to some hundredths only; docs/catalogue.md has the control's scores."""
CASES = {
    f"{name}-{overrides}": (entry, overrides)
    for entry in mfbench_committor.mfbench_problems()
    if (name := entry.name.partition("/")[2]) not in SIMULATED
    for overrides in entry.instances["full"]
    if "reversible" in entry.facts(entry.parameters(**overrides)).flags
}


def test_there_are_both_kinds():
    said = {
        "reducible" in entry.facts(entry.parameters(**overrides)).flags for entry, overrides in CASES.values()
    }
    assert said == {True, False}


@pytest.mark.parametrize("case", CASES)
def test_a_problem_is_reducible_where_the_control_reaches_the_goal_and_nowhere_else(case, timeless):
    entry, overrides = CASES[case]
    parameters = entry.parameters(**overrides)
    problem, judge = resolve(entry.build)(parameters, 5), resolve(entry.judge)(parameters, 5)
    with np.errstate(
        invalid="ignore"
    ):  # a Hessian that vanishes has no softest direction, and no plane is right there
        solution = projected_grid.solve(problem, ProjectedGridParameters(), timeless)
        *_, last = itertools.islice(solution, 4)
        error = judge.headline(last.evaluate(last.state, judge.inquiry.looks)).value
    print(case, "error", error)
    if "reducible" in entry.facts(parameters).flags:
        assert error < GOAL
    else:
        assert error > FAR
