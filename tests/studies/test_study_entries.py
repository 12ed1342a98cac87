"""Entries of studies that cannot mean anything are refused, each with a sentence that says what is wrong with it."""

from __future__ import annotations

import types

import pytest

import mfbench
from mfbench.registry import Origin, Registry
from mfbench.report.study_page import show_study
from mfbench.study_contract import StudyProblem, check_study

HUGE = 10**400
"""A whole number that no float holds."""

ARM = mfbench.Arm(problem="committor/none", solver="s")
LIMIT = {"quantity": "deviation", "clock": "steps", "times": (1,)}


def entry_of(**fields):
    whole = {"arms": (ARM,), "swept": "solver.n", "values": (1.0, 2.0, 4.0), "quantity": "error"} | fields
    return mfbench.StudyEntry(name="one", summary="", source="", **whole)


def tied(*names):
    return mfbench.Arm(problem="committor/none", solver="s", tied=dict.fromkeys(names, lambda number: number))


REFUSED = {
    "a tied name is swept": ({"arms": (tied("solver.n"),)}, r"tied names 'solver\.n', which is swept"),
    "a limit has tied names": (
        LIMIT | {"limit": tied("solver.k")},
        "the limit's arm has tied parameters; it has no swept value",
    ),
    "an exponent of another law": (
        {"exponent": -1.0},
        r"exponent is -1\.0 with the law 'power'; expected a number for 'amplitude', else None",
    ),
    "no number for no exponent": ({"exponent": "x"}, "exponent is 'x' with the law 'power'"),
    "an amplitude without an exponent": ({"law": "amplitude"}, "exponent is None with the law 'amplitude'"),
    "a fraction of a step": (
        {"times": (1.0, 2.5), "clock": "steps"},
        "expected whole numbers of steps, which are counted",
    ),
    "a time twice": ({"times": (1.0, 2.0, 1)}, "give each once"),
    "a huge value": ({"values": (1, HUGE)}, "values is .*; expected a tuple of numbers, smallest first"),
    "a huge budget": ({"budget": HUGE}, "budget is .*; expected seconds above zero"),
    "a huge time": ({"times": (HUGE,), "clock": "steps"}, "times is .*; expected a tuple of numbers"),
    "a huge band": (
        {"predictions": (mfbench.Prediction(value=1, low=0, high=HUGE),)},
        "expected numbers with low <= value <= high",
    ),
    "half a character": (
        {"arms": (mfbench.Arm(problem="committor/none", solver="s", label="\ud800"),)},
        "label of an arm is .*; expected a text",
    ),
    "half a character in a prediction": (
        {"predictions": (mfbench.Prediction(value=1, low=0, high=2, name="\ud800"),)},
        "name of a prediction is .*; expected a text",
    ),
    "half a character in a term": (
        {"joint": (mfbench.Term(name="\ud800", of=abs),)},
        "a term is .*; expected a name and a function",
    ),
    "half a character in a quantity": ({"quantity": "report:\ud800"}, "quantity is .*; expected one of"),
    "half a character in a clock": ({"clock": "\ud800"}, "clock is .*; expected a text"),
    "a sweep of no name": ({"swept": ["solver.n"]}, "swept is .*; expected 'solver.PARAMETER'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_entries_that_mean_nothing_are_refused(case):
    fields, words = REFUSED[case]
    with pytest.raises(StudyProblem, match=words):
        check_study("study", entry_of(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"arms": (tied("solver.k", "problem.dim"),)},
        LIMIT | {"limit": ARM},
        {"law": "amplitude", "exponent": -1},
        {"times": (1.0, 2.0), "clock": "steps"},
        {"times": (0.5, 2.5)},
        {"values": (1, 2**60)},
    ],
)
def test_their_neighbours_are_not(fields):
    check_study("study", entry_of(**fields))


def test_a_text_that_no_file_holds_is_an_entry_that_is_broken():
    """The entries beside it stay."""
    sound = entry_of()
    halves = mfbench.StudyEntry(
        name="halves",
        summary="\ud800",
        source="",
        arms=(ARM,),
        swept="solver.n",
        values=(1, 2),
        quantity="error",
    )

    @mfbench.hookimpl
    def mfbench_studies():
        return [halves, sound]

    module = types.ModuleType("strange")
    module.mfbench_studies = mfbench_studies
    registry = Registry()
    registry.add(Origin("strange", "strange.py"), module)
    assert list(registry.studies) == ["one"]
    (broken,) = registry.broken
    assert broken.reason.endswith(r"summary is '\ud800'; expected a text.")


def test_pages_tell_values_apart():
    page = " ".join(show_study(entry_of(values=(1_000_001, 1_000_002), times=(1234567, 1234568))).split())
    assert "solver.n = 1000001, 1000002" in page
    assert "seconds = 1234567, 1234568" in page
