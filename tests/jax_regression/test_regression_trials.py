"""Every solver of the task runs through a real trial: child, journal, judge, record."""

from __future__ import annotations

import pytest

from mfbench.parameters import make_parameters, parameter_document
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.registry import load_registry
from mfbench.trial import run_trial

SMALL = {
    "adam-network": {"width": 16},
    "birth-death": {"particles": 50, "steps": 320, "settle": 32},
    "constant": {},
    "kernel-ridge": {"most": 256},
    "noisy-particle-sgd": {"particles": 50, "steps": 320},
    "particle-sgd": {"particles": 50, "steps": 320},
    "particle-sgd-torch": {"particles": 50, "steps": 320},
    "random-features": {"features": 32},
}
ENDS = {"birth-death", "constant", "kernel-ridge", "noisy-particle-sgd", "particle-sgd", "particle-sgd-torch"}
"""Those that end by themselves: the budget is only waited for by the others."""


def test_every_solver_of_the_task_is_tried_here():
    assert {name for task, name in load_registry().solvers if task == "regression"} == SMALL.keys()


@pytest.mark.parametrize(
    "solver", [name if name in ENDS else pytest.param(name, marks=pytest.mark.slow) for name in SMALL]
)
def test_a_trial_ends_well(solver):
    entry = load_registry().solvers["regression", solver]
    parameters = parameter_document(make_parameters(entry.parameters, SMALL[solver], solver))
    cell = Cell(
        task="regression", problem="regression/three-spin", problem_parameters={"dim": 4, "unit": "sigmoid"},
        solver=solver, solver_parameters=parameters, seed=0, device="cpu", budget=60.0 if solver in ENDS else 30.0,
    )  # fmt: skip
    record = run_trial(Spec(key=solver, cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.headline == next(iter(record.metrics)) == "error_l2"
    assert record.error == record.metrics["error_l2"].value
    assert record.metrics["excess_loss"].value == pytest.approx(record.error**2 / 2)
    if not entry.control:
        assert record.error < record.curve[0].error
        assert record.work["evaluations"] > 0
