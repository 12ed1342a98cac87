"""`mfbench ab` and `mfbench compare` as users meet them: exit codes, formats, what a side lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from mfbench.cli import main
from mfbench.names import Selector
from mfbench.pairing import pair_up
from mfbench.plan_document import Offer, PlanDocument, Question, answer
from mfbench.record import Cell, Spec, Status
from mfbench.registry import load_registry
from mfbench.request import BadRequest, Request
from mfbench.sides import environment, open_side
from mfbench.store import Store

PLUGINS = Path(__file__).parent.parent / "plugins"
LOADED = ("--plugin", PLUGINS / "toy_plugin.py", "--plugin", PLUGINS / "planted_plugin.py")
SMALL = ("-p", "line", "-s", "planted[passes=1]", "--budget", "20s", "--seeds", "3", "--rounds", "1")


@pytest.fixture
def interpreter(tmp_path):
    """An interpreter of this installation, with something planted in its environment."""

    def make(name, **plants):
        file = tmp_path / name
        settings = " ".join(f'{key}="{value}"' for key, value in plants.items())
        path = os.environ.get("PYTHONPATH", "")
        file.write_text(f'#!/bin/sh\nexec env PYTHONPATH="{path}" {settings} "{sys.executable}" "$@"\n')
        file.chmod(0o755)
        return file

    return make


def test_planted_loss_is_confirmed_and_exit_code_1(mfbench, interpreter):
    head = interpreter("head", MFBENCH_PLANTED_LOSS=2)
    out, err = mfbench(
        "ab", interpreter("base"), head, *LOADED, *SMALL, "--fail-on", "accuracy=10%", "--format", "json", expected=1
    )  # fmt: skip
    document = json.loads(out)
    cell = document["cells"][0]
    assert cell["regressions"] == ["accuracy"]
    assert cell["first"]["accuracy"]["ratio"] == pytest.approx(2.0, rel=1e-6)
    assert [pair["seed"] for pair in cell["second"]["pairs"]] == [3, 4, 5]
    assert "look 2: accuracy seems worse" in err


def test_equal_sides_pass_in_markdown_and_say_what_one_lacks(mfbench, interpreter):
    out, _ = mfbench(
        "ab", interpreter("base"), interpreter("head"), *LOADED, *SMALL, "-s", "nobody", "--fail-on", "accuracy=10%",
        "--format", "markdown",
    )  # fmt: skip
    assert out.startswith("## No regression")
    assert "unknown solver 'nobody'" in out
    assert "Both sides are the same installation." in out


BAD = {
    "no interpreter": (("/nowhere/python", sys.executable, *SMALL), "expected an interpreter"),
    "no wheel": (("gone-1-py3-none-any.whl", sys.executable, *SMALL), "no such wheel"),
    "no mfbench": (("/bin/false", sys.executable, *SMALL), "cannot import mfbench"),
    "no answer": (("/bin/true", sys.executable, *SMALL), "it answered nothing"),
    "no interpreter's answer": (("/bin/echo", sys.executable, *SMALL), "expected an interpreter"),
    "gate": ((sys.executable, sys.executable, *SMALL, "--fail-on", "speed=1%"), "expected QUANTITY=PERCENT%"),
    "nothing": ((sys.executable, sys.executable), "nothing to run"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_2(mfbench, case):
    arguments, words = BAD[case]
    _, err = mfbench("ab", *arguments, expected=2)
    assert words in err


def test_nothing_in_common_and_too_few_seeds_are_2(mfbench, interpreter):
    sides = interpreter("base"), interpreter("head")
    _, err = mfbench("ab", *sides, "-p", "nowhere", "-s", "planted", *LOADED, expected=2)
    assert "no cell that both sides can run" in err
    _, err = mfbench("ab", *sides, *LOADED, "-p", "line", "-s", "planted", "--seeds", "2", expected=2)
    assert "seeds: got 2" in err


def test_a_side_does_not_see_the_callers_path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert "PYTHONPATH" not in environment()
    assert environment()["PYTHONSAFEPATH"] == "1"


@pytest.fixture
def folder(tmp_path, a_trial):
    """A folder `re` with the records of one solver."""
    store = Store(tmp_path / "re")
    for seed in range(3):
        store.write(msgspec.structs.replace(a_trial(seed), key=f"{seed}"))
    return store.folder


UNWRITABLE = {
    "a full disk": (">/dev/full", 2, "the verdict, no regression, cannot be printed: [Errno 28]"),
    "a reader that left": ("| true", 2, "the verdict, no regression, cannot be printed: [Errno 32]"),
    "a closed output": (">&-", 0, ""),
    "nothing at all": (">/dev/full 2>/dev/full", 2, ""),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_a_verdict_that_cannot_be_printed_is_no_regression(folder, case):
    """Exit code 1 is a regression and nothing else."""
    where, code, words = UNWRITABLE[case]
    command = f"set -o pipefail; {sys.executable} -m mfbench compare re re {where}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder.parent, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert words in done.stderr


def test_a_regression_that_cannot_be_printed_is_one(folder, a_trial):
    worse = Store(folder.parent / "worse")
    for seed in range(3):
        worse.write(msgspec.structs.replace(a_trial(seed, status=Status.CRASHED), key=f"{seed}"))
    command = [sys.executable, "-m", "mfbench", "compare", "re", "worse"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=folder.parent, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert "the verdict, a regression, cannot be printed" in done.stderr


@pytest.mark.parametrize("style", ["rich", "markdown", "json"])
def test_a_folder_whose_name_is_no_text_is_read(mfbench, folder, style):
    name = os.fsdecode(b"b\xff")
    folder.rename(folder.with_name(name))
    assert "b?" in mfbench("compare", name, name, "--format", style)[0]
    assert "planted" in mfbench("rank", name, "--format", "markdown")[0]


def test_what_nobody_thought_of_is_2_and_a_sentence(folder, monkeypatch, capsys):
    def broken(*arguments):
        raise LookupError("nobody thought of this")

    monkeypatch.setattr("mfbench.folders.judge_folders", broken)
    with pytest.raises(SystemExit) as left:
        main(["compare", str(folder), str(folder)])
    assert left.value.code == 2
    assert "no verdict: LookupError: nobody thought of this" in capsys.readouterr().err


def test_a_closed_output_of_other_commands_is_no_traceback(folder):
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m mfbench rank re >&-"], cwd=folder.parent, capture_output=True, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_folders_of_one_run_agree_and_a_gate_on_seconds_needs_one_machine(mfbench, tmp_path):
    run = ("run", *LOADED, "-p", "line", "-s", "planted[passes=1]", "--budget", "20s", "--seeds", "3")
    mfbench(*run, "-o", "a")
    mfbench(*run, "-o", "b")
    out, _ = mfbench("compare", "a", "b", "--format", "json")
    assert json.loads(out)["cells"][0]["first"]["accuracy"]["ratio"] == pytest.approx(1.0)
    for file in (tmp_path / "b").rglob("*.json"):
        document = json.loads(file.read_text())
        document["machine"]["fingerprint"] = "another"
        file.write_text(json.dumps(document))
    assert mfbench("compare", "a", "b")[0].startswith("No regression")
    _, err = mfbench("compare", "a", "b", "--fail-on", "cost=20%", expected=2)
    assert "different machines" in err


def offer(solver="a", problem="committor/line", typed=None, reason="", problem_parameters=None, **parameters):
    cell = Cell(
        task="committor", problem=problem, problem_parameters=problem_parameters or {}, solver=solver,
        solver_parameters=parameters, seed=0, device="cpu", budget=1.0,
    )  # fmt: skip
    return Offer(typed=typed or {}, specs=(Spec(key="k", cell=cell),), reason=reason)


def test_cells_pair_by_what_was_asked_for():
    base = PlanDocument(
        offers=(offer("a", width=8), offer("gone"), offer("b", problem_parameters={"dim": 2}))
    )
    head = PlanDocument(
        offers=(
            offer("a", width=16), offer("new"), offer("b", problem_parameters={"dim": 3}), offer("c", reason="why"),
        )
    )  # fmt: skip
    pairs, absent = pair_up(base, head)
    assert [pair.name for pair in pairs] == ["committor/line a"]
    said = "; ".join(absent)
    assert "only in base: committor/line gone" in said
    assert "only in head: committor/line new" in said
    assert "only in head: committor/line[dim=3] b" in said


def test_a_new_parameter_of_a_problem_keeps_its_pair_and_a_reason_is_told():
    base = PlanDocument(offers=(offer(problem_parameters={"dim": 2}), offer("c")))
    head = PlanDocument(
        offers=(offer(problem_parameters={"dim": 2, "wall": 1}), offer("c", reason="needs a grid"))
    )
    pairs, absent = pair_up(base, head)
    assert len(pairs) == 1
    assert absent == ["not run on head: committor/line c: needs a grid"]


def test_answer_names_what_it_lacks_and_keeps_the_rest(toy_plugin):
    registry = load_registry([toy_plugin])
    request = Request(
        problems=(Selector("line", {}),), solvers=(Selector("relax", {}), Selector("nobody", {})), seeds=4, budget=5.0
    )  # fmt: skip
    document = answer(Question(request=request, plugins=(toy_plugin,)), registry)
    assert [one.specs[0].cell.solver for one in document.offers] == ["relax"]
    assert [spec.cell.seed for spec in document.offers[0].specs] == [0, 1, 2, 3]
    assert len({spec.key for spec in document.offers[0].specs}) == 4
    assert "nobody" in document.refused[0]


def test_a_missing_interpreter_is_bad_input(tmp_path):
    with pytest.raises(BadRequest, match="expected an interpreter"):
        open_side("base", str(tmp_path / "python"), tmp_path)
