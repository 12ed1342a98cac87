"""A changed judge judges stored values anew; an edited solver runs again; comments do neither. Through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from mfbench import points
from mfbench.closure import closure, code_hash, forget, has_changed
from mfbench.record import Cell, Limits, Look, Metric, Record, Status
from mfbench.registry import load_registry
from mfbench.rejudging import CannotJudge, judge_anew, judged_anew, milestones_anew
from mfbench.store import Store, decode_record
from mfbench.tasks.judging import Inquiry

SOLVER = """
import mfbench
from {block} import start

@mfbench.hookimpl
def mfbench_solvers():
    return [mfbench.SolverEntry(name="half", task="committor", summary="q = 1/2.", source="none", run="{stem}:solve")]

def evaluate(state, x):
    return state + 0.0 * x[:, 0]

def solve(problem, parameters, context):
    yield mfbench.Checkpoint(evaluate=evaluate, state=start(), work={{"evaluations": 1}})
"""
BLOCK = "def start():\n    return 0.5\n"


class Bench:
    """A folder with copies of the toy problem and of a solver that imports a module beside it."""

    def __init__(self, folder, toy):
        self.folder, self.stem = folder, f"half_{abs(hash(str(folder))) % 10**8}"
        self.block = folder / f"{self.stem}_block.py"
        self.toy = folder / f"{self.stem}_toy.py"
        self.toy.write_text(Path(toy).read_text().replace("toy_plugin:", f"{self.toy.stem}:"))
        self.block.write_text(BLOCK)
        self.solver = folder / f"{self.stem}.py"
        self.solver.write_text(SOLVER.format(block=self.block.stem, stem=self.stem))

    def __call__(self, *arguments, expected=0):
        done = subprocess.run(
            [sys.executable, "-m", "mfbench", *map(str, arguments)],
            cwd=self.folder, capture_output=True, text=True, check=False,
            env=self.environment(),
        )  # fmt: skip
        assert done.returncode == expected, done.stdout + done.stderr
        return done.stdout + done.stderr

    def environment(self):
        path = os.pathsep.join([str(self.folder), os.environ.get("PYTHONPATH", "")])
        return os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def plugins(self):
        return "--plugin", self.toy, "--plugin", self.solver

    def run(self, expected=0):
        chosen = ("-p", "line", "-s", "half", "--budget", "5s", "--seeds", "1")
        return self("run", *self.plugins, *chosen, expected=expected)

    def documents(self):
        return sorted((self.folder / "mfbench-results").rglob("*.json"))


@pytest.fixture
def bench(tmp_path, toy_plugin):
    return Bench(tmp_path, toy_plugin)


def edit(file, old, new):
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_what_runs_again_and_what_is_judged_anew(bench):
    """The whole rule in one session of a user: comment, README, judge, imported module."""
    assert "[1/1]" in bench.run()
    [document] = bench.documents()
    first = json.loads(document.read_text())

    (bench.folder / "README.md").write_text("Nothing to see.")
    bench.block.write_text(f"# why one half\n{BLOCK}")
    assert "1 of 1 trials have their records already" in bench.run()
    assert json.loads(document.read_text()) == first

    edit(bench.toy, "value=0.25 * parameters.temperature", "value=0.5 * parameters.temperature")
    why = bench("why", document, *bench.plugins)
    assert "it is not run again, but judged anew" in " ".join(why.split())
    said = bench("rank", *bench.plugins)
    assert "1 records were judged anew from their stored values" in said
    assert json.loads(document.read_text()) == first, "ranking writes nothing"
    said = bench.run()
    assert "1 of 1 trials have their records already" in said and "judged anew" in said
    second = json.loads(document.read_text())
    assert bench.documents() == [document]
    assert second["started"] == first["started"] and second["judge"] != first["judge"]
    assert second["metrics"]["wrmse"] == first["metrics"]["wrmse"]
    assert second["curve"] == first["curve"], "the headline is what it was, and so the curve stands"
    assert "judged anew" not in bench("rank", *bench.plugins)

    edit(bench.block, "0.5", "0.25")
    why = " ".join(bench("why", document, *bench.plugins).split())
    assert "It would be run again: code of the solver would be another one." in why
    assert bench.block.name in why.replace(" ", "")
    assert "[1/1]" in bench.run()
    assert len(bench.documents()) == 2


@pytest.fixture
def judged(toy_plugin, tmp_path):
    """A record of the toy problem whose judge has changed since, with its values beside it."""
    problem = load_registry([toy_plugin]).problems["committor/line"]
    judge = __import__("toy_plugin").judge(problem.parameters(), 0)
    looks = np.full(len(judge.inquiry.looks), 0.5)
    record = Record(
        key="a" * 64,
        cell=Cell(
            task="committor", problem="committor/line", problem_parameters={"temperature": 1.0}, solver="relax",
            solver_parameters={}, seed=0, device="cpu", budget=5.0,
        ),
        limits=Limits(), status=Status.OK, sentence="", started="2026-01-01T00:00:00+00:00", headline="wrmse",
        metrics={"wrmse": Metric(value=7.0)}, judge="b" * 64, points=points.fingerprint(judge.inquiry),
        curve=[Look(seconds=1.0, error=9.0), Look(seconds=2.0, error=7.0)], targets=[0.1], seconds_to_target={"0.1": 1.5},
    )  # fmt: skip
    path = Store(tmp_path).write(record, {"looks": looks})
    return problem, decode_record(path), path, judge, looks


def test_another_headline_error_leaves_one_point_of_the_curve(judged):
    problem, record, path, judge, looks = judged
    fresh = judged_anew(record, path, problem)
    expected = judge.headline(looks).value
    assert fresh.error == expected != record.error
    assert fresh.curve == [Look(seconds=2.0, error=expected)]
    assert (fresh.targets, fresh.seconds_to_target, fresh.work_to_target) == ([], {}, {})


@pytest.mark.parametrize(
    ("change", "arrays", "words"),
    [
        ({"points": ""}, None, "do not say at which points"),
        ({"points": "c" * 64}, None, "other points than the judge asks for now"),
        ({}, {}, "cannot be judged"),
        ({}, {"looks": np.zeros(3)}, "looks of shape"),
        ({}, {"looks": np.zeros(10**6)}, "bytes"),
    ],
)
def test_what_cannot_be_judged_anew_stays_and_says_so(judged, change, arrays, words):
    problem, record, path, _, looks = judged
    record = msgspec.structs.replace(record, **change)
    Store(path.parents[4]).write(record, {"looks": looks} if arrays is None else arrays)
    with pytest.raises(CannotJudge, match=words):
        judged_anew(record, path, problem)


def test_an_unchanged_judge_is_not_asked(judged, toy_plugin):
    problem, record, path, _, _ = judged
    record = msgspec.structs.replace(record, judge=code_hash(problem.judge, problem.parameters))
    path.with_suffix(".npz").unlink()
    retrial = judge_anew([(path, record)], load_registry([toy_plugin]))
    assert retrial.records == [record] and retrial.sentences() == []


def test_points_have_a_fingerprint():
    inquiry = Inquiry(looks=np.zeros((2, 1)), finals=np.zeros((0, 1)), gradients=np.zeros((1, 1)))
    others = [
        Inquiry(looks=np.ones((2, 1)), finals=np.zeros((0, 1)), gradients=np.zeros((1, 1))),
        Inquiry(looks=np.zeros((1, 1)), finals=np.zeros((1, 1)), gradients=np.zeros((1, 1))),
        Inquiry(looks=np.zeros((2, 1)), finals=np.zeros((0, 1)), gradients=np.zeros((1, 1)), step=1e-3),
    ]
    found = {points.fingerprint(one) for one in (inquiry, *others)}
    assert len(found) == 4


def test_milestones_are_judged_anew_with_their_trial():
    """Again and again: their looks stay, with the errors of the judge, in the order of their stored values."""
    judge = SimpleNamespace(
        inquiry=SimpleNamespace(looks=np.zeros((2, 1))),
        headline=lambda row: SimpleNamespace(value=float(np.sum(row))),
    )
    curve = [Look(seconds=float(second), error=9.0, work={}, milestone=second != 2) for second in range(1, 5)]
    rows = {"milestones": np.array([[1.0, 2.0], [3.0, 4.0], [np.nan, 0.0]])}
    found = milestones_anew(rows, SimpleNamespace(curve=curve), judge)
    assert [(look.seconds, look.error, look.milestone) for look in found] == [
        (1.0, 3.0, True), (3.0, 7.0, True), (4.0, None, True),
    ]  # fmt: skip
    assert milestones_anew(rows, SimpleNamespace(curve=found), judge) == found
    with pytest.raises(ValueError, match=r"milestones of shape \(3, 2\); expected \(2, 2\)"):
        milestones_anew(rows, SimpleNamespace(curve=curve[:3]), judge)
    assert milestones_anew({}, SimpleNamespace(curve=curve[1:2]), judge) == []


def test_code_that_is_edited_while_a_host_runs_is_noticed(tmp_path, monkeypatch):
    """And a module beside the package counts, as does one that it imports; a comment does not."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lone_method.py").write_text(
        "import lone_block\n\ndef solve():\n    return lone_block.VALUE\n"
    )
    (tmp_path / "lone_block.py").write_text(
        "import lone_data\nimport json\nimport click\nVALUE = lone_data.X\n"
    )
    data = tmp_path / "lone_data.py"
    data.write_text("X = 1\n")
    forget()
    seen = closure("lone_method:solve")
    assert sorted(seen.files) == ["lone_block", "lone_data", "lone_method"]
    assert seen.foreign == {"click"}
    assert not has_changed("lone_method:solve")
    data.write_text("X = 1  # one\n")
    assert not has_changed("lone_method:solve")
    data.write_text("X = 22\n")
    assert has_changed("lone_method:solve")
