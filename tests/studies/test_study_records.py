"""What a study makes of records: odd numbers, odd answers, and sentences for what is not there."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mfbench
from mfbench.record import Cell, Limits, Look, Metric, Record, Status
from mfbench.report.studies import render
from mfbench.studies import findings as states
from mfbench.studies.analysis import analyse
from mfbench.studies.arms import Group
from mfbench.studies.design import Design
from mfbench.studies.measuring import Quantity
from mfbench.studies.verdicts import CONSISTENT, NOT_CONSISTENT, NOT_ENOUGH

PROBLEM = mfbench.ProblemEntry(
    name="committor/none", summary="", formula="", source="", facts=lambda p: None, build="a:b", judge="a:b"
)
ARM = mfbench.Arm(problem="committor/none", solver="s")
FAR = mfbench.Arm(problem="committor/none", solver="s", label="far")
SEEDS = 4


def record(key="", error=None, floor=0.0, status=Status.OK, sentence="", **fields):
    cell = Cell(
        task="committor", problem="committor/none", problem_parameters={}, solver="s", solver_parameters={}, seed=0,
        device="cpu", budget=1.0,
    )  # fmt: skip
    metrics = {} if error is None else {"wrmse": Metric(value=error, floor=floor)}
    return Record(
        key=key, cell=cell, limits=Limits(), status=status, sentence=sentence, started="", headline="wrmse",
        metrics=metrics, **fields,
    )  # fmt: skip


def found(make, far=None, answers=None, xs=None, **fields):
    """The findings of records `make` (key, value, seed), and of the limit's `far` (key, seed); None: not run."""
    whole = {"quantity": "error", "values": (1.0, 2.0, 4.0), "limit": FAR if far else None} | fields
    entry = mfbench.StudyEntry(
        name="one", summary="", source="", arms=(ARM,), swept="solver.n", seeds=SEEDS, **whole
    )

    def group(arm, value):
        return Group(arm, value, PROBLEM, {}, tuple(f"{arm.name} {value} {seed}" for seed in range(SEEDS)))

    groups = tuple(group(ARM, value) for value in entry.values)
    limit = group(FAR, math.nan) if far else None
    made = {key: make(key, one.value, seed) for one in groups for seed, key in enumerate(one.keys)}
    made |= {key: far(key, seed) for seed, key in enumerate(limit.keys if limit else ())}
    records = {key: one for key, one in made.items() if one is not None}
    return analyse(
        Design(entry, None, groups, limit), records,
        {one: (xs or {}).get(one.value, one.value) for one in groups},
        lambda record, clock, time: None if answers is None else answers(record, time),
    )  # fmt: skip


@pytest.mark.parametrize(("value", "number"), [(0.0, 0.3), (0.1, 0.3), (0.3, 0.3), (0.4, 0.4), (-0.1, -0.1)])
def test_what_lies_below_the_floor_counts_as_it(value, number):
    """As in curves; what is negative is no error and stays what it is."""
    assert Quantity.of("error").measure(record(error=value, floor=0.3)) == number
    assert Quantity.of("metric:wrmse").measure(record(error=value, floor=0.3)) == number


def test_one_error_of_zero_below_the_floor_spoils_no_law():
    study = found(lambda key, n, seed: record(key, 0.0 if (n, seed) == (4.0, 0) else 1.0 / n, floor=0.2))
    assert [point.state for point in study.points] == [states.USED] * 3
    assert study.points[2].y == pytest.approx(math.exp((math.log(0.2) + 3 * math.log(0.25)) / 4))


def stepping(key, n, seed):
    """Curves that are read at steps 1, 2, 3; the last seed fails."""
    if seed == SEEDS - 1:
        return record(key, status=Status.CRASHED, sentence="it fell")
    curve = [
        Look(seconds=0.1 * step, error=error, work={"steps": step})
        for step, error in enumerate((1.0, 0.5, 0.25), 1)
    ]
    return record(key, 0.25, curve=curve)


CLOCK = {"values": (8.0,), "times": (1.0, 2.0, 3.0), "clock": "steps", "against": "clock"}


def test_a_law_of_the_clock_counts_its_trials_once():
    (fit,) = found(stepping, **CLOCK).fits
    assert (fit.used, fit.values, fit.trials, fit.failed) == (3, 3, 4, 1)


def test_a_law_of_the_clock_says_at_which_time_it_fails():
    """Answers that are all the same at step 2."""
    study = found(
        lambda key, n, seed: record(key, points="here"),
        answers=lambda one, time: np.full(3, 0.0 if time == 2.0 else float(one.key[-1])),
        **CLOCK | {"quantity": "solution", "statistic": "variance"},
    )
    assert study.fits[0].reason == "0 at steps = 2: not positive, so it has no logarithm"


def test_values_that_share_an_abscissa_are_named():
    study = found(
        lambda key, n, seed: record(key, 1.0 / n), xs={1.0: 1_000_001.0, 2.0: 1_000_001.0, 4.0: 2e6}
    )
    assert study.fits[0].reason == "n = 1000001 stands for more than one value"


def test_values_are_told_apart():
    """In the tables, and in why there is no law."""
    values = (1_000_001.0, 1_000_002.0, 1_000_003.0)
    study = found(lambda key, n, seed: record(key, -1.0 if n == values[1] else 1.0), values=values)
    assert " at n = 1000002: not positive" in study.fits[0].reason
    table = render([study], "markdown")
    assert all(f" {value:.0f} " in table for value in values)


def reporting(limit, constant=50.0):
    return lambda key, n, seed: record(
        key, reports={"risk": constant / n * (1.0 + 0.01 * (-1) ** seed), "limit": limit}
    )


def in_units(low, value, high):
    band = mfbench.Prediction(value=value, low=low, high=high, unit="limit")
    return {
        "quantity": "report:risk", "statistic": "mean", "law": "amplitude", "exponent": -1.0, "predictions": (band,),
    }  # fmt: skip


@pytest.mark.parametrize(("constant", "verdict"), [(50.0, CONSISTENT), (70.0, NOT_CONSISTENT)])
def test_a_unit_may_be_negative(constant, verdict):
    """-1.2 .. -0.9 times -50 is 45 .. 60."""
    (one,) = found(reporting(-50.0, constant), **in_units(-1.2, -1.0, -0.9)).fits[0].judgements
    assert (one.low, one.value, one.high) == pytest.approx((45.0, 50.0, 60.0))
    assert (one.verdict, one.unit) == (verdict, "")


def test_a_unit_of_zero_has_no_band():
    """Neither can anything lie in it nor outside of it."""
    study = found(reporting(0.0), **in_units(0.9, 1.0, 1.1))
    (one,) = study.fits[0].judgements
    assert (one.verdict, one.because) == (NOT_ENOUGH, "limit is 0: the band has no width")
    assert (one.low, one.value, one.high, one.unit) == (0.9, 1.0, 1.1, "limit")
    assert "1 in [0.9, 1.1] times limit" in " ".join(render([study], "rich").split())


def test_without_a_fit_the_unit_is_not_what_is_missing():
    study = found(lambda key, n, seed: record(key, status=Status.CRASHED), **in_units(0.9, 1.0, 1.1))
    assert study.fits[0].judgements[0].because == "no point to fit: failed"


@pytest.mark.parametrize(("most", "interval"), [(SEEDS, False), (SEEDS - 1, True)])
def test_shares_that_are_all_one_have_no_interval(most, interval):
    """All of four trials do not show that it is all of them: the share may be .5 still, with probability 1/16."""
    study = found(
        lambda key, n, seed: record(key, reports={"spread": 0.1 if seed < most else 0.9}),
        quantity="below:spread:0.5", statistic="mean", law="exponential",
        predictions=(mfbench.Prediction(value=0.0, low=-0.1, high=0.1),),
    )  # fmt: skip
    (fit,) = study.fits
    assert [point.y for point in study.points] == [most / SEEDS] * 3
    assert fit.estimate == pytest.approx(0.0, abs=1e-12)
    assert fit.interval is interval
    if not interval:
        assert (fit.judgements[0].verdict, fit.judgements[0].because) == (NOT_ENOUGH, "no interval")


def test_an_amplitude_has_its_interval_in_logarithms():
    """Of 1 / y it is that of y turned over, whatever the noise; one that is added and subtracted reaches below zero."""
    noise = 2.0 * np.random.default_rng(0).standard_normal((3, SEEDS))

    def fit(power):
        def make(key, n, seed):
            return record(key, (3.0 / n * math.exp(noise[int(math.log2(n)), seed])) ** power)

        return found(make, law="amplitude", exponent=-float(power)).fits[0]

    straight, over = fit(1), fit(-1)
    assert 0.0 < straight.low < straight.estimate < straight.high
    assert (over.low, over.estimate, over.high) == pytest.approx(
        (1.0 / straight.high, 1.0 / straight.estimate, 1.0 / straight.low)
    )


DEVIATION = {"quantity": "deviation", "values": (1.0, 2.0)}


def answering(points="here", **fields):
    return lambda key, *at: record(key, points=points, **fields)


def row(size=3):
    return lambda record, time: np.arange(float(size))


LIMITS = {
    "failed": (
        answering(status=Status.CRASHED, sentence="it fell"),
        "4 of 4 trials of the limit's arm, far, gave no answer: it fell",
    ),
    "not run": (
        lambda key, seed: None if seed else record(key, points="here"),
        "3 of 4 trials of the limit's arm, far, gave no answer, 3 were not run",
    ),
    "interrupted": (
        lambda key, seed: record(key, points="here", status=Status.OK if seed else Status.INTERRUPTED),
        "1 of 4 trials of the limit's arm, far, gave no answer, 1 were not run",
    ),
    "apart": (
        lambda key, seed: record(key, points=f"there {seed % 2}"),
        "the answers of the limit's arm, far, were taken at different points",
    ),
    "elsewhere": (answering("there"), "its answer was taken at other points than that of the limit's arm"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_limit_that_is_not_there_says_why(case):
    far, sentence = LIMITS[case]
    study = found(answering(), far, row(), **DEVIATION)
    assert [point.state for point in study.points] == [states.NO_VALUE] * 2
    assert [point.no_value for point in study.points] == [SEEDS] * 2
    assert {point.sentence for point in study.points} == {sentence}


def test_answers_of_another_size_are_at_other_points():
    """A damaged file may say that its points are the same."""
    study = found(
        answering(),
        answering(),
        lambda one, time: np.zeros(2 if one.key.startswith("far") else 3),
        **DEVIATION,
    )
    assert {point.sentence for point in study.points} == {LIMITS["elsewhere"][1]}


def test_a_trial_that_failed_beside_a_limit_is_what_failed():
    study = found(answering(status=Status.CRASHED, sentence="it fell"), answering(), row(), **DEVIATION)
    assert {(point.state, point.failed, point.sentence) for point in study.points} == {
        ("failed", SEEDS, "it fell")
    }


SOLUTION = {"quantity": "solution", "statistic": "variance", "values": (1.0, 2.0)}


def test_a_variance_that_is_not_there_says_why():
    """Of one answer, of answers at different points, of answers of different sizes."""
    alone = found(
        lambda key, n, seed: None if seed else record(key, points="here"), answers=row(), **SOLUTION
    )
    assert {(point.state, point.sentence) for point in alone.points} == {
        (states.NO_VALUE, "one answer has no variance")
    }
    apart = "the answers of its seeds were taken at different points and have no variance"
    study = found(lambda key, n, seed: record(key, points=f"{seed}"), answers=row(), **SOLUTION)
    assert {(point.state, point.sentence) for point in study.points} == {(states.NO_VALUE, apart)}
    study = found(answering(), answers=lambda one, time: np.zeros(2 + int(one.key[-1])), **SOLUTION)
    assert {(point.state, point.sentence) for point in study.points} == {(states.NO_VALUE, apart)}


def test_an_amplitude_that_no_number_holds_is_none():
    """C = y x^100 at x = 1e4, and the other way round."""
    for exponent, sign in ((-100.0, 1), (100.0, -1)):
        study = found(
            lambda key, n, seed, sign=sign: record(key, 10.0 ** (-100 * sign)), law="amplitude", exponent=exponent,
            xs={1.0: 1e4, 2.0: 2e4, 4.0: 4e4},
        )  # fmt: skip
        assert study.fits[0].reason == "C is larger or smaller than numbers can be"


def test_a_value_that_no_record_holds_says_so():
    """Also where a trial that went well has a sentence of its own, which is no reason."""

    def make(key, n, seed):
        return record(key, sentence="it learned", points="here")

    (point, *_) = found(make, quantity="report:risk").points
    assert (point.state, point.sentence) == (
        "no value",
        "it went well, but its record does not hold this number",
    )
    (point, *_) = found(make, answers=lambda one, time: None, **SOLUTION).points
    assert (point.state, point.sentence) == ("no value", "it went well, but no answer of it is kept")
    steps = {"times": (1.0, 1_000_001.0), "clock": "steps"}
    study = found(make, answers=lambda one, time: None, **SOLUTION | steps)
    assert study.points[-1].sentence == "it went well, but no answer of it is kept at steps = 1000001"
    study = found(make, answering(), answers=lambda one, time: None, **DEVIATION)
    assert study.points[0].sentence == "it went well, but no answer of it is kept"
