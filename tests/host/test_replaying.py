"""Replays: what counts as equal, and the command from a record to its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import msgspec
import pytest

from mfbench.record import Cell, Limits, Look, Metric, Record, Status, Usage
from mfbench.replaying import ROUND_OFF, Agreement, compare

RECORD = Record(
    key="a" * 64,
    cell=Cell(
        task="committor", problem="committor/line", problem_parameters={}, solver="relax", solver_parameters={},
        seed=0, device="cpu", budget=5.0,
    ),
    limits=Limits(), status=Status.OK, sentence="", started="", headline="wrmse", work={"evaluations": 9},
    metrics={"wrmse": Metric(value=0.25), "skill": Metric(value=None)},
    curve=[Look(seconds=1.0, error=0.5, work={"evaluations": 3}), Look(seconds=2.0, error=0.25, work={"evaluations": 9})],
)  # fmt: skip


def changed(**fields):
    return msgspec.structs.replace(RECORD, **fields)


def scored(value, **fields):
    return changed(metrics={"wrmse": Metric(value=value), "skill": Metric(value=None)}, **fields)


LATER = [
    Look(seconds=0.9, error=0.5, work={"evaluations": 3}),
    Look(seconds=2.5, error=0.2, work={"evaluations": 12}),
]
CASES = {
    "itself": (RECORD, Agreement.EQUAL, "equal bit for bit at the scored checkpoint"),
    "other seconds": (changed(curve=[]), Agreement.EQUAL, "equal bit for bit"),
    "the last bit": (scored(0.25 * (1 + 2**-52)), Agreement.EQUAL, "equal within round-off"),
    "more than round-off": (scored(0.25 * (1 + 2 * ROUND_OFF)), Agreement.DIFFERENT, "not equal"),
    "infinite now": (scored(None), Agreement.DIFFERENT, "not equal, by up to inf"),
    "a metric more": (
        changed(metrics=RECORD.metrics | {"new": Metric(value=1.0)}),
        Agreement.DIFFERENT,
        "new: none before, 1.0 now",
    ),
    "another work, one common look": (
        scored(0.2, work={"evaluations": 12}, curve=LATER),
        Agreement.EQUAL,
        "at the 1 looks that both runs took",
    ),
    "another work, the common look differs": (
        scored(0.2, work={"evaluations": 12}, curve=[Look(seconds=1.0, error=0.4, work={"evaluations": 3})]),
        Agreement.DIFFERENT,
        "wrmse after 3 evaluations: 0.5 before, 0.4 now",
    ),
    "another work, no common look": (
        scored(0.2, work={"evaluations": 12}, curve=LATER[1:]),
        Agreement.INCOMPARABLE,
        "no look after work that is known to be the same",
    ),
    "another end": (changed(status=Status.CRASHED), Agreement.DIFFERENT, "it was ok () and is crashed now"),
    "not run": (changed(status=Status.UNSUPPORTED), Agreement.INCOMPARABLE, "could not be run again"),
}


@pytest.mark.parametrize("case", CASES)
def test_how_two_runs_compare(case):
    after, agreement, words = CASES[case]
    replay = compare(RECORD, after)
    assert replay.agreement is agreement
    assert words in replay.sentence


ENDED = {
    "sentence": "finished by itself after 2 s; scored as it stood at 2 s",
    "usage": Usage(seconds_setup=0.5, seconds_solve=1.5),
}
STOPPED = {
    "sentence": "stopped at the budget; scored as it stood at 4.9 s",
    "usage": Usage(seconds_setup=0.5, seconds_solve=4.6),
}
LATE = ENDED | {"usage": Usage(seconds_setup=0.5, seconds_solve=6.0)}
NO_WORK: dict = {"work": {}, "curve": [Look(seconds=1.0, error=0.5), Look(seconds=2.0, error=0.25)]}
STILL: dict = {"curve": [Look(seconds=one, error=0.5, work={"evaluations": 9}) for one in (1.0, 2.0)]}


@pytest.mark.parametrize(
    ("fields", "value", "agreement"),
    [
        (NO_WORK | STOPPED, 0.2, Agreement.INCOMPARABLE),
        (NO_WORK | STOPPED, 0.25, Agreement.INCOMPARABLE),
        (NO_WORK | LATE, 0.2, Agreement.INCOMPARABLE),
        (NO_WORK | ENDED, 0.25, Agreement.EQUAL),
        (NO_WORK | ENDED, 0.2, Agreement.DIFFERENT),
        (STILL | STOPPED, 0.2, Agreement.INCOMPARABLE),
        (STILL | ENDED, 0.2, Agreement.DIFFERENT),
    ],
)
def test_no_work_is_the_same_work_only_where_both_ended_by_themselves(fields, value, agreement):
    """A solver that says nothing of its work and yields until the budget does another thing every time."""
    assert compare(changed(**fields), scored(value, **fields)).agreement is agreement


def test_two_failures_of_one_kind_are_equal():
    failed = changed(status=Status.ERROR, metrics={}, curve=[])
    assert compare(failed, failed).agreement is Agreement.EQUAL


def call(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "mfbench", *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_record_is_replayed_beside_itself(tmp_path, toy_plugin):
    """Equal; then its numbers are changed by hand, and both commands notice."""
    plugin = ("--plugin", toy_plugin)
    assert call(tmp_path, "run", *plugin, "-p", "line", "-s", "relax[steps=3]", "--budget", "5s")[0] == 0
    [path] = (tmp_path / "mfbench-results").rglob("*.json")
    before = {file: file.read_bytes() for file in (tmp_path / "mfbench-results").rglob("*") if file.is_file()}
    code, said = call(tmp_path, "replay", path, *plugin)
    assert (code, "Equal bit for bit at the scored checkpoint" in said) == (0, True), said
    code, said = call(tmp_path, "why", "mfbench-results", "-s", "relax[steps=3]", "--seed", "0", *plugin)
    assert (code, "the record stands for it, and it is not run again" in said) == (0, True), said
    assert {file: file.read_bytes() for file in before} == before
    assert sorted(before) == sorted(
        file for file in (tmp_path / "mfbench-results").rglob("*") if file.is_file()
    )

    document = json.loads(path.read_text())
    document["metrics"]["wrmse"]["value"] *= 2
    document["versions"]["numpy"] = "0.1"
    path.write_text(json.dumps(document))
    code, said = call(tmp_path, "replay", path, *plugin)
    assert (code, "Not equal, by up to 5.0e-01" in said) == (1, True), said
    assert "differs from then: version of numpy: 0.1 then" in said
    code, said = call(tmp_path, "why", path, *plugin)
    assert "does not bear the key that its own contents give" in said

    code, said = call(tmp_path, "why", path)
    assert (code, "It cannot be run here: problem, solver" in said or "does not bear" in said) == (0, True)
    code, said = call(tmp_path, "replay", path)
    assert code == 2
    for arguments, words in (
        (("why", "nowhere"), "no such file or folder"),
        (("why", "mfbench-results", "-s", "other"), "none of its 1 records answers to that"),
        (("why", path, "--seed", "0"), "is one record"),
        (("why", toy_plugin), "no record"),
        (("export", "nowhere"), "no such folder"),
        (("export", "--format", "parquet"), "say where to with -o FILE"),
    ):
        code, said = call(tmp_path, *arguments)
        assert (code, words in said) == (2, True), said
    code, said = call(tmp_path, "export", "-o", "table.csv")
    assert code == 0 and (tmp_path / "table.csv").read_text().count("\n") == 2
