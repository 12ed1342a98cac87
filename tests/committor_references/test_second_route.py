"""Second route: five-point finite volumes with cut edges reproduce nu and q of every reversible instance.

The Duffing oscillator, whose noise has one direction, is simulated instead: test_duffing.

Nothing is shared with the finite elements but w and the circles, or levels of V in their place. Errors are O(h^2), so
Richardson's estimate from two grids bounds them. `mfbench check` does the same for q with the functions that solvers are
given: test_second_plane.
"""

import itertools
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mfbench import Context
from mfbench_committor import mueller_circulation, rugged_mueller
from mfbench_committor.entries.mueller_circulation import MuellerCirculationParameters
from mfbench_committor.entries.rugged_mueller import RuggedMuellerParameters
from mfbench_committor.references import store
from mfbench_committor.references.cut_volumes import Plane, cut_volumes
from mfbench_committor.references.standing import ENTRIES, standing_problems
from mfbench_grid import committor_finite_volume
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters

pytestmark = pytest.mark.slow

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)

STANDING = {stem: problem for family in ENTRIES for stem, problem in standing_problems(family).items()}


def signed_distance(law, side, u):
    """Below 0 in a set, for points (2, ...): from a disc's rim, or V - .2 in half of the plane."""
    d = u - np.reshape(law.box.centres[side], (2,) + (1,) * (u.ndim - 1))
    if not law.box.outlines:
        return np.hypot(*d) - law.box.radius
    well = (u[0] ** 2 - 1) ** 2 + 0.3 * u[1] ** 2 - 0.2
    return np.where(u[0] * (-1, 1)[side] > 0, well, 1.0)


INTERVALS = 480
"""Along the longer side; the second grid has twice as many."""


def finite_volumes(law, intervals):
    """The committor by cut finite volumes."""
    plane = Plane(
        log_weight=law.log_weight,
        level=partial(signed_distance, law),
        corners=law.extent(law.depth),
        depth=law.depth,
        half=any(law.box.halved(centre) for centre in law.box.centres),
    )
    return cut_volumes(plane, intervals)


@pytest.mark.parametrize(
    "problem", [p for p in STANDING.values() if not p.law.circulation], ids=lambda p: p.stem
)
def test_finite_volumes_give_the_same_rate_and_committor(problem):
    stored = store.load(problem.stem)
    known = stored.points.reactive
    box = problem.law.box
    away = np.min([box.gap(side, known.u.T) for side in (0, 1)], axis=0) > 0.2 * box.radius
    away &= known.weights > 0
    u, exact, weights = known.u[away], known.q[away], known.weights[away]
    rates, wrmse, values = [], [], []
    for intervals in (INTERVALS, 2 * INTERVALS):
        solved = finite_volumes(problem.law, intervals)
        found = solved.at(u)
        assert np.all(np.isfinite(found))
        values.append(found)
        rates.append(solved.dirichlet / problem.beta)
        wrmse.append(np.sqrt(np.sum(weights * (found - exact) ** 2)))
    print(problem.stem, "nu", rates, "against", stored.rate, "wRMSE", wrmse)
    # The finer grid's error is a third of the step between the two if the order is 2; twice that is allowed.
    # Errors of cut edges change sign from grid to grid: below 1e-7 a small step says nothing.
    allowed = max(2 / 3 * abs(rates[1] - rates[0]), 1e-7 * stored.rate) + stored.rate_error
    assert abs(rates[1] - stored.rate) < allowed
    step = np.sqrt(np.sum(weights * (values[1] - values[0]) ** 2))
    assert wrmse[1] < 2 / 3 * step + stored.field_error
    assert wrmse[1] < 1e-3


@pytest.mark.parametrize(
    "problem", [p for p in STANDING.values() if p.family == "mueller-circulation"], ids=lambda p: p.stem
)
def test_the_grid_solver_gives_the_same_where_the_law_is_stirred(problem):
    """`finite-volume` shares nothing with the finite elements but the formulas of V, c and the circles. Of the second order,
    as they are found to be, two grids give Richardson's value, which is nearer to the elements by orders."""
    values = {"temperature": 1.0 / problem.beta, "circulation": problem.law.circulation}
    parameters = MuellerCirculationParameters(**values)
    task, judge = mueller_circulation.build(parameters, 0), mueller_circulation.judge(parameters, 0)
    found, errors, rates = [], [], []
    solver = CommittorFiniteVolumeParameters(extrapolate=False)
    for checkpoint in itertools.islice(committor_finite_volume.solve(task, solver, CONTEXT), 5):
        found.append(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks))
        errors.append(judge.headline(found[-1]).value)
        rates.append(checkpoint.reports["rate"] / judge.rate.value - 1.0)
    nearer = judge.headline(found[-1] + (found[-1] - found[-2]) / 3.0).value
    nearer_rate = rates[-1] + (rates[-1] - rates[-2]) / 3.0
    print(problem.stem, "wRMSE", errors, nearer, "rates", rates, nearer_rate)
    assert np.log2(errors[-2] / errors[-1]) > 1.8
    assert np.log2(rates[-2] / rates[-1]) > 1.8
    of_q, of_rate = {1.0: (2e-7, 1e-6), 5.0: (4e-4, 5e-5)}[problem.law.circulation]
    assert nearer < of_q
    assert abs(nearer_rate) < of_rate


def means(task, cells):
    """int (1 - q) dmu of a process and of the one that is stirred the other way round.

    By Richardson's value of the fifth and sixth grid of `finite-volume`, and the midpoint rule with so many cells an axis.
    """
    edges = [np.linspace(*ends, cells + 1) for ends in task.box.T]
    x = np.stack(np.meshgrid(*[(e[1:] + e[:-1]) / 2 for e in edges], indexing="ij"), axis=-1).reshape(-1, 2)
    energy = task.beta * np.asarray(task.potential(x))
    kept = energy < np.min(energy) + 40.0
    x, weights = x[kept], np.exp(np.min(energy) - energy[kept])
    found, solver = [], CommittorFiniteVolumeParameters(extrapolate=False)
    for side in (1.0, -1.0):
        stirred = replace(task, circulation=lambda x, side=side: side * np.asarray(task.circulation(x)))
        grids = itertools.islice(committor_finite_volume.solve(stirred, solver, CONTEXT), 4, 6)
        coarse, fine = (
            float(np.sum(weights * (1.0 - np.asarray(grid.evaluate(grid.state, x)))) / np.sum(weights))
            for grid in grids
        )
        found.append(fine + (fine - coarse) / 3.0)
    return found


@pytest.mark.parametrize(
    "problem", [p for p in STANDING.values() if p.family == "mueller-circulation"], ids=lambda p: p.stem
)
def test_the_share_of_time_is_that_of_the_backward_committor(problem):
    """rhoA = int (1 - q) dmu of the process stirred the other way round; that of the process itself differs by 1e-5."""
    values = {"temperature": 1.0 / problem.beta, "circulation": problem.law.circulation}
    task = mueller_circulation.build(MuellerCirculationParameters(**values), 0)
    share = mueller_circulation.judge(MuellerCirculationParameters(**values), 0).share_a
    forward, backward = means(task, 1500)
    print(problem.stem, "rhoA", share, "by finite volumes", backward, "with q of the process itself", forward)
    assert abs(backward - share.value) < 1e-6 < 5e-6 < abs(forward - share.value)


def test_both_routes_give_a_printed_rate_in_its_box():
    """Rugged, T = 22, discs of radius .3, in [-2.2, 1.5] x [-1, 3]: printed .933629 (finite volumes, 801 nodes). In the
    whole plane it is .933106: the box is 5.6e-4 of it."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    problem = rugged_mueller.planar_problem(RuggedMuellerParameters(temperature=22.0))
    centres = ((-0.5727489, 1.4261465), (0.5630376, 0.0440674))
    whole = replace(problem.law.box, centres=centres, radius=0.3, reach=0.45)
    boxed = replace(whole, lower=(-2.2, -1.0), upper=(1.5, 3.0))
    for box, printed, off in ((whole, 0.933629, 5.6e-4), (boxed, 0.933629, 0.0)):
        law = replace(problem.law, box=box)
        elements = solve(law, problem.spacing, 1).dirichlet / problem.beta
        coarse, fine = (finite_volumes(law, n).dirichlet / problem.beta for n in (INTERVALS, 2 * INTERVALS))
        assert elements == pytest.approx(fine + (fine - coarse) / 3.0, rel=1e-5)
        assert printed / elements - 1 == pytest.approx(off, abs=0.5e-4)
