"""What is said of the work of several trials, from checks of each."""

from types import SimpleNamespace

import pytest

from mfbench.work_checks import WorkCheck, whose, work_word

CHECKS = {
    "counted": {"reported": 9, "counted": 10},
    "factor": {"reported": 10, "counted": 10, "each": 1},
    "understated": {"reported": 8, "counted": 10},
    "deferred": {"reported": 10, "counted": 10, "each": 2},
    "method": {"reported": 10, "counted": 10, "each": 513},
    "uncountable": {"reported": 10, "counted": None},
    "uncountable formula": {"reported": 10, "counted": None, "each": 64},
}


def checked(code):
    return WorkCheck(
        task="committor", solver="x", solver_parameters={}, code=code, problem="committor/line",
        problem_parameters={}, **CHECKS[code],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        (["counted", "factor"], "counted"),
        (["counted", "unknown"], "reported"),
        (["counted", "uncountable"], "reported"),
        (["deferred", "counted", "unknown"], "deferred"),
        (["uncountable formula"], "deferred"),
        (["deferred", "understated"], "understated"),
        (["method"], "understated"),
    ],
)
def test_the_worst_of_all_is_said(codes, word):
    cell = SimpleNamespace(task="committor", solver="x", solver_parameters={})
    trials = [SimpleNamespace(cell=cell, code={"solver": code}) for code in codes]
    assert work_word(trials, {whose(check): check for check in map(checked, CHECKS)}) == word
