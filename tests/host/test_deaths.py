"""Every way to die is one record with a status and a sentence; what was seen before stays."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from mfbench.record import Cell, Limits, Spec, Status
from mfbench.trial import run_trial

BUDGET = 1.0
LIMITS = Limits(memory_mb=512, grace=1.0, evaluation=0.5)

EXPECTED = {
    "segfault": (Status.CRASHED, "SIGSEGV"),
    "leave": (Status.CRASHED, "exit code 0"),
    "hang": (Status.OK, "killed at the limit"),
    "hang-at-once": (Status.TIMEOUT, "never yielded"),
    "hold-gil": (Status.OK, "killed at the limit"),
    "devour": (Status.OUT_OF_MEMORY, "MemoryError"),
    "fail": (Status.ERROR, "the plug was pulled"),
    "become-nan": (Status.DIVERGED, "NaN"),
    "diverge": (Status.DIVERGED, "step 7: the energy is inf"),
    "wrong-shape": (Status.ERROR, "expected (2048,)"),
    "not-a-generator": (Status.ERROR, "generator"),
    "grandchild": (Status.OK, "finished by itself"),
    "daemon": (Status.CRASHED, "exit code 3"),
    "for-ever": (Status.OK, "stopped at a yield"),
    "slow-setup": (Status.TIMEOUT, "1 s"),
}
WITHOUT_CURVE = {"hang-at-once", "wrong-shape", "not-a-generator", "slow-setup"}


def spec(solver, plugins):
    cell = Cell(
        task="committor",
        problem="committor/line",
        problem_parameters={"temperature": 1.0},
        solver=solver,
        solver_parameters={},
        seed=0,
        device="cpu",
        budget=BUDGET,
    )
    return Spec(key=solver, cell=cell, limits=LIMITS, plugins=plugins)


@pytest.fixture(scope="module")
def records(toy_plugin, faulty_plugin):
    """All deaths, two at a time, so that each dies beside others that go on."""
    with ThreadPoolExecutor(2) as executor:
        results = executor.map(lambda name: run_trial(spec(name, (toy_plugin, faulty_plugin))), EXPECTED)
        return {result.record.cell.solver: result.record for result in results}


@pytest.mark.parametrize("solver", EXPECTED)
def test_status_and_sentence(records, solver):
    status, words = EXPECTED[solver]
    assert (status, True) == (records[solver].status, words in records[solver].sentence), records[
        solver
    ].sentence


@pytest.mark.parametrize("solver", sorted(EXPECTED.keys() - WITHOUT_CURVE))
def test_curve_survives(records, solver):
    """The look before the death is in the record: 1/2 everywhere scores sqrt(1/20) on the line."""
    assert records[solver].curve[0].error == pytest.approx(0.05**0.5, rel=1e-3)


@pytest.mark.parametrize("solver", ["hang", "hang-at-once", "hold-gil"])
def test_hangs_end_at_the_limit(records, solver):
    assert records[solver].usage.seconds_wall < LIMITS.wall(BUDGET) + 2.0


def test_nothing_is_left_running(records, descendants):
    """Only the fork server and multiprocessing's resource tracker remain, right below this process."""
    assert len(records) == len(EXPECTED)
    assert [process for process in descendants() if process.ppid() != os.getpid()] == []


def test_last_words_are_kept(records):
    assert "the plug was pulled" in records["fail"].stderr
