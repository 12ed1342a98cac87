"""Predictions in units of a number that the solver reports, and shares of trials."""

from __future__ import annotations

import math

import pytest

import mfbench
from mfbench.record import Cell, Limits, Record, Status
from mfbench.report.studies import render
from mfbench.report.study_page import prediction
from mfbench.studies import findings as states
from mfbench.studies.analysis import analyse
from mfbench.studies.arms import Group
from mfbench.studies.design import Design
from mfbench.studies.verdicts import CONSISTENT, NOT_CONSISTENT, NOT_ENOUGH
from mfbench.study_contract import StudyProblem, check_study

PROBLEM = mfbench.ProblemEntry(
    name="committor/none", summary="", formula="", source="", facts=lambda p: None, build="a:b", judge="a:b"
)
WITHIN = mfbench.Prediction(value=1.0, low=0.9, high=1.1, unit="limit")


def record(key, reports, status=Status.OK):
    cell = Cell(
        task="committor", problem="committor/none", problem_parameters={}, solver="s", solver_parameters={}, seed=0,
        device="cpu", budget=1.0,
    )  # fmt: skip
    return Record(
        key=key,
        cell=cell,
        limits=Limits(),
        status=status,
        sentence="",
        started="",
        headline="wrmse",
        reports=reports,
    )


def entry_of(**fields):
    fields = {"quantity": "report:risk", "statistic": "mean", "values": (1.0, 2.0, 4.0)} | fields
    arm = mfbench.Arm(problem="committor/none", solver="s")
    return mfbench.StudyEntry(
        name="one", summary="", source="", arms=(arm,), swept="solver.n", seeds=4, **fields
    )


def found(reports, **fields):
    """The findings of reports (value, seed) -> dict."""
    entry = entry_of(**fields)
    (arm,) = entry.arms
    groups, records = [], {}
    for value in entry.values:
        keys = tuple(f"{value}-{seed}" for seed in range(4))
        groups.append(Group(arm, value, PROBLEM, {}, keys))
        records |= {key: record(key, reports(value, seed)) for seed, key in enumerate(keys)}
    design = Design(entry, None, tuple(groups))
    return analyse(
        design, records, {group: group.value for group in groups}, lambda record, clock, time: None
    )


def risk(constant, limit=50.0):
    """constant / n times a factor near 1 that the seed decides, and the limit."""
    return lambda n, seed: {"risk": constant / n * (1.0 + 0.01 * (-1) ** seed), "limit": limit}


CONSTANT = {"law": "amplitude", "exponent": -1.0, "predictions": (WITHIN,)}


@pytest.mark.parametrize(
    ("constant", "verdict"), [(50.0, CONSISTENT), (60.0, NOT_CONSISTENT), (54.9, NOT_ENOUGH)]
)
def test_a_band_is_in_the_unit_that_is_reported(constant, verdict):
    findings = found(risk(constant), **CONSTANT)
    (judgement,) = findings.fits[0].judgements
    assert (judgement.value, judgement.low, judgement.high) == pytest.approx((50.0, 45.0, 55.0))
    assert judgement.verdict == verdict
    assert " 50 in " in render([findings], "markdown")


def test_the_unit_is_shown_with_the_design():
    assert prediction(WITHIN) == "1 in [0.9, 1.1] times limit"


def test_units_that_differ_between_trials_are_none():
    findings = found(lambda n, seed: risk(50.0, 50.0 + 1e-3 * n)(n, seed), **CONSTANT)
    (judgement,) = findings.fits[0].judgements
    assert (judgement.verdict, judgement.because) == (NOT_ENOUGH, "the trials do not all report one limit")


def test_a_unit_that_nobody_reports_is_none():
    (judgement,) = found(lambda n, seed: {"risk": 50.0 / n}, **CONSTANT).fits[0].judgements
    assert judgement.verdict == NOT_ENOUGH


def test_a_share_is_of_trials_that_report_less():
    """4, 2, 1 and 0 of 4 below .5: the last one cannot be told from 0 and takes no part in the fit, a = -log 2."""
    below = {1.0: 4, 2.0: 2, 3.0: 1, 4.0: 0}
    findings = found(
        lambda n, seed: {"spread": 0.1 if seed < below[n] else 0.5},
        quantity="below:spread:0.5",
        law="exponential",
        values=tuple(below),
    )
    assert [point.y for point in findings.points] == [1.0, 0.5, 0.25, 0.0]
    assert [point.state for point in findings.points] == [states.USED] * 3 + [states.BELOW_FLOOR]
    assert findings.fits[0].estimate == pytest.approx(-math.log(2.0))
    assert findings.fits[0].used == 3


def test_a_share_of_no_report_is_no_number():
    findings = found(lambda n, seed: {}, quantity="below:spread:0.5")
    assert findings.fits[0].reason == "no point to fit: no value"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quantity": "below:spread"}, "below:NAME:BOUND"),
        ({"quantity": "below::0.5"}, "below:NAME:BOUND"),
        ({"quantity": "below:spread:-1"}, "below:NAME:BOUND"),
        ({"quantity": "below:spread:0.5", "statistic": "median"}, "takes 'mean'"),
        (
            {"predictions": (mfbench.Prediction(value=1.0, low=0.9, high=1.1, unit=3),)},
            "unit of a prediction is 3",
        ),
    ],
)
def test_entries_that_cannot_be_read_are_refused(fields, message):
    with pytest.raises(StudyProblem, match=message):
        check_study("study", entry_of(**fields))
