"""Answers that are no densities, from trial to record: each is told in the trial's sentence."""

import pytest

from mfbench.record import Cell, Limits, Spec, Status
from mfbench.trial import run_trial

PLUGIN = '''
"""The normal law in motion, spoilt in the way that is asked for."""
from __future__ import annotations
from dataclasses import dataclass
import numpy as np
import mfbench


@dataclass(frozen=True, kw_only=True)
class How:
    how: str = "right"


def evaluate(how, x):
    place, t = x[:, :3], x[:, 3]
    square = np.sum(place**2, axis=1)
    u = -square / (2 * (1 + t)) - 1.5 * np.log(2 * np.pi * (1 + t))
    far, right = np.sqrt(square) > 20.0, place[:, 0] > 1.0
    spoilt = {
        "right": u,
        "mass outside": np.where(far, 5.0, u),
        "zero": np.where(right, -np.inf, u),
        "not normalised": u + 1.0,
        "no number": np.where(right, np.nan, u),
        "no number outside": np.where(far, np.nan, u),
    }
    return spoilt[how]


def solve(problem, parameters, context):
    yield mfbench.Checkpoint(evaluate=evaluate, state=parameters.how, work={})


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="spoilt", task="fokker-planck", summary="A density with a fault.", source="elementary",
            run="spoilt_plugin:solve", parameters=How,
        )
    ]
'''
WORDS = {
    "right": (Status.OK, None),
    "mass outside": (Status.OK, "outside the problem's box it has a mass of"),
    "zero": (Status.OK, "its density is 0 at a share 0.2"),
    "not normalised": (Status.OK, "its mass where the law lies is 2.72, not 1"),
    "no number": (Status.DIVERGED, "values are NaN or infinite"),
    "no number outside": (Status.OK, "its mass over the whole space is nan, not 1"),
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    path = tmp_path_factory.mktemp("spoilt") / "spoilt_plugin.py"
    path.write_text(PLUGIN)
    return str(path)


@pytest.mark.parametrize("how", WORDS)
def test_a_wrong_density_is_said_to_be_one(how, plugin):
    cell = Cell(
        task="fokker-planck",
        problem="fokker-planck/gaussian",
        problem_parameters={"case": "heat", "dim": 3},
        solver="spoilt",
        solver_parameters={"how": how},
        seed=0,
        device="cpu",
        budget=5.0,
    )
    record = run_trial(Spec(key="spoilt", cell=cell, limits=Limits(memory_mb=2048), plugins=(plugin,))).record
    status, words = WORDS[how]
    assert record.status is status, record.sentence
    if words is None:
        assert "; but " not in record.sentence
    else:
        assert words in record.sentence
