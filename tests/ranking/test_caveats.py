"""A table says when its machine was busy, and does not when only trials were at work."""

from __future__ import annotations

import msgspec
import pytest

from mfbench.ranking import rank
from mfbench.record import Limits, Usage
from mfbench.report.tables import render

QUIET = {"seconds_wall": 20.0, "seconds_cpu": 19.0, "seconds_setup": 1.0, "seconds_solve": 18.0}
TWO_CORES = {"fingerprint": "m1", "cores": "2"}


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        ({"seconds_others": 0.4, "load_end": 9.0}, None),
        (
            {"seconds_others": 5.0},
            "in 1 of 2 trials something else had more than 5% of their cores (25% of sgd's on ",
        ),
        ({"load_start": 1.0, "load_end": 2.4}, None),
        (
            {"load_start": 2.6, "load_end": 2.0},
            "1 of 2 trials began or ended with a load average above the number",
        ),
        ({"seconds_others": 0.9, "seconds_wall": 0.95}, None),
        ({}, None),
    ],
)
def test_a_busy_machine_is_named(a_record, usage, words):
    records = [
        msgspec.structs.replace(a_record(solver, 0.1, usage=Usage(**used)), machine=TWO_CORES)
        for solver, used in (("sgd", QUIET | usage), ("grid", QUIET))
    ]
    said = " ".join(rank(records).caveats["committor"])
    assert ("The machine was busy" in said) == (words is not None)
    assert (words or "") in said


def test_two_threads_have_twice_the_core_seconds(a_record):
    busy = Usage(**(QUIET | {"seconds_others": 1.6}))
    assert "busy" in " ".join(rank([a_record("sgd", usage=busy)]).caveats["committor"])
    assert "busy" not in " ".join(
        rank([a_record("sgd", usage=busy, limits=Limits(threads=2))]).caveats["committor"]
    )


def test_processor_seconds_stand_beside_wall_seconds(a_record):
    text = render(rank([a_record("sgd", usage=Usage(**QUIET))]), "markdown")
    header = next(line for line in text.splitlines() if "set-up" in line and line.startswith("|"))
    assert [cell.strip() for cell in header.split("|")][4:8] == ["set-up", "solve", "CPU", "work"]


def test_targets_that_a_record_does_not_know_are_no_failure(a_record):
    """A record judged anew no longer knows when it reached them: it is left out, not charged with infinity."""
    known = [a_record(name, 1e-3, reaches={0.1: 1.0, 0.01: 2.0}) for name in ("a", "b")]
    anew = a_record("c", 1e-3)
    rows = {row.solver: row for row in rank([*known, anew]).rows}
    assert (rows["a"].target, rows["a"].seconds_to_target) == (0.01, 2.0)
    assert (rows["c"].target, rows["c"].seconds_to_target) == (None, None)
    standings = {one.solver: one for one in rank([*known, anew]).standings}
    assert (standings["a"].targets, standings["c"].targets) == (1, 0)
