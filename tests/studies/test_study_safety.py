"""What a study's command refuses before anything runs, and what it does not lose."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import mfbench
from mfbench.judges import judge_of
from mfbench.parameters import ParameterError
from mfbench.plan import Plan
from mfbench.record import Cell, Limits, Look, Record, Status
from mfbench.registry import Origin, Registry
from mfbench.request import BadRequest, Request
from mfbench.session import Todo
from mfbench.store import Store
from mfbench.studies import design
from mfbench.study_folder import answers_in, check_free

SMALL = ("width", "--seeds", "1", "--values", "8,16")


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two numbers that depend on each other.

    Args:
        low, high: low < high.
        part: at most low.
    """

    low: int = 1
    high: int = 2
    part: int = 1

    def __post_init__(self):
        if not self.part <= self.low < self.high:
            raise ValueError(f"part, low, high are {self.part}, {self.low}, {self.high}; expected <=, <.")


PROBLEM = mfbench.ProblemEntry(
    name="committor/none", summary="", formula="", source="", build="a:b", judge="a:b",
    facts=lambda p: mfbench.Facts(task="committor", dim=1, flags=frozenset()),
)  # fmt: skip
SOLVER = mfbench.SolverEntry(name="s", task="committor", summary="", source="", run="a:b", parameters=Pair)


def planned(values=(2, 4), solver="s[high=9]", tied=None, **fields):
    """The parameters of the trials of a sweep of `low`."""
    arm = mfbench.Arm(problem=PROBLEM.name, solver=solver, tied=tied or {})
    entry = mfbench.StudyEntry(
        name="one", summary="", source="", arms=(arm,), values=(2, 4), quantity="error", **{"swept": "solver.low"} | fields
    )  # fmt: skip
    registry, origin = Registry(), Origin("tests", __file__)
    registry._add_entry(origin, PROBLEM)
    registry._add_entry(origin, SOLVER)
    made = design.make_design(entry, values, Request(device="cpu"), registry, 1)
    return [(one.settings["part"], one.settings["low"], one.settings["high"]) for one in made.groups]


def test_a_swept_value_is_judged_beside_what_is_in_brackets():
    """low = 4 is nothing beside the default, high = 2, and something beside the high = 9 that the arm sets."""
    assert planned() == [(1, 2, 9), (1, 4, 9)]
    with pytest.raises(ParameterError, match=r"part, low, high are 1, 4, 3; expected"):
        planned(solver="s[high=3]")


def test_a_swept_value_is_judged_beside_tied_ones():
    """high = low + 1 and part = low are right at every value, and none of them beside the others' defaults."""
    tied = {"solver.high": lambda low: low + 1, "solver.part": lambda low: low}
    assert planned(solver="s", tied=tied) == [(2, 2, 3), (4, 4, 5)]


def test_numbers_that_no_float_holds_are_refused():
    huge = "1" + "0" * 400
    with pytest.raises(
        BadRequest, match=r"low is 10{39}\.\.\. \(401 characters\); a study sweeps numbers"
    ) as caught:
        planned(values=("2", huge))
    assert len(str(caught.value)) < 200


def test_a_tied_function_that_raises_names_the_value():
    with pytest.raises(BadRequest, match=r"solver\.part at 1000001: ZeroDivisionError"):
        planned((1000001, 1000002), "s[high=10000000]", {"solver.part": lambda low: 1 // 0})


def test_plans_are_joined_with_their_machine():
    """Trials on two GPUs do not wait for each other, in the time that is announced for a study either."""
    plan = design.joined([Plan(jobs=3, gpus=2), Plan(jobs=3, gpus=2)])
    assert (plan.jobs, plan.gpus) == (3, 2)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_judge_that_raises_is_bad_input(study, tmp_path, monkeypatch, more):
    """A dry run refuses what a run would refuse."""

    def broken(problem, parameters, seed):
        if parameters["temperature"] == 2.0:
            raise ArithmeticError("no such line")
        return judge_of(problem, parameters, seed)

    monkeypatch.setattr(design, "judge_of", broken)
    _, err = study("rate", *more, expected=2)
    said = "study rate: the judge of committor/line cannot be made at temperature = 2: ArithmeticError: no such line"
    assert said in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_true_value_that_is_not_there_is_missed_by_a_dry_run_too(study, tmp_path, more):
    _, err = study("no-truth", *more, expected=2)
    assert "has no true value of 'mu'; it has: nu" in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_file_in_the_place_of_the_folder_is_refused_before_anything_runs(study, tmp_path, more):
    folder = tmp_path / "mfbench-results"
    folder.mkdir()
    (folder / "studies").write_text("mine")
    _, err = study(*SMALL, *more, expected=2)
    assert "studies is a file; findings go to a folder of that name. Move it away." in " ".join(err.split())
    assert (folder / "studies").read_text() == "mine"
    assert not (folder / "records").exists()


def test_a_folder_in_the_place_of_a_document_is_refused(tmp_path):
    (tmp_path / "width.json").mkdir()
    check_free(tmp_path, ["rate"])
    check_free(tmp_path / "not yet", ["width"])
    with pytest.raises(BadRequest, match=r"width\.json is a folder; findings are written there"):
        check_free(tmp_path, ["rate", "width"])


def test_an_interrupted_rerun_loses_nothing(study, tmp_path, monkeypatch):
    """Records that it did not come to replace count; those it replaced are new."""
    monkeypatch.setattr("mfbench.report.pictures.draw", lambda findings: {})
    study(*SMALL)
    kept = tmp_path / "mfbench-results" / "studies" / "width.json"
    before = kept.read_text()

    def interrupted(plan: Plan, todo: Todo, *rest):
        return [
            Record(
                key=one.key, cell=one.cell, limits=Limits(), status=Status.INTERRUPTED, sentence="", started="",
                headline="",
            )
            for one in todo.specs
        ]  # fmt: skip

    monkeypatch.setattr("mfbench.conducting.conduct", interrupted)
    study(*SMALL, "--rerun", expected=130)
    assert kept.read_text() == before
    assert json.loads(before)["fits"][0]["missing"] == 0


SHAPES = {
    "scalar": np.float64(1.0),
    "empty": np.zeros(0),
    "table": np.zeros((2, 3)),
    "row": np.zeros(3),
}


def stored(tmp_path, **arrays):
    """What a study reads of a record beside which a stranger has put these arrays: at the end, and at step 1."""
    cell = Cell(
        task="committor", problem="committor/none", problem_parameters={}, solver="s", solver_parameters={}, seed=0,
        device="cpu", budget=1.0,
    )  # fmt: skip
    curve = [Look(seconds=0.1 * step, error=1.0, work={"steps": step}, milestone=True) for step in (1, 2)]
    record = Record(
        key="0123456789abcdef", cell=cell, limits=Limits(), status=Status.OK, sentence="", started="", headline="",
        curve=curve,
    )  # fmt: skip
    store = Store(tmp_path)
    store.write(record, arrays)
    answer = answers_in(store)
    return answer(record, "steps", None), answer(record, "steps", 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_of_any_shape_are_read(tmp_path, shape):
    """Only a row of numbers is an answer, and only a table with a row a milestone holds those at milestones."""
    array = SHAPES[shape]
    end, early = stored(tmp_path, looks=array, milestones=array)
    assert (end is None) == (shape != "row")
    assert (early is None) == (shape != "table")
