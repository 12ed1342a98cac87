"""From a journal to a record: status, sentence, curve, targets and metrics, after any kind of end."""

from __future__ import annotations

import math
import signal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfbench.journal import Began, Ended, Seen, Setup
from mfbench.record import Look, Metric, Status
from mfbench.scoring import (
    Findings,
    answers_of,
    curve_of,
    death_sentence,
    first_reached,
    judge_status,
    metrics_of,
    remarked,
    stored,
)
from mfbench.tasks.judging import Inquiry, Score

BUDGET = 10.0


class Judge:
    """The error of a solution is its first value; its metrics say what they were given."""

    headline_name = "error"
    references = ()
    floor = 0.0
    inquiry = Inquiry(looks=np.zeros((2, 1)), finals=np.zeros((3, 1)), gradients=np.zeros((2, 1)))

    def headline(self, looks):
        return Score(value=np.float64(looks[0]))

    def metrics(self, answers):
        finals = math.nan if answers.finals is None else float(np.sum(answers.finals))
        return {
            "error": self.headline(answers.looks),
            "finals": Score(value=finals),
            "shape": Score(value=len(answers.looks)),
        }


def seen(seconds, error=0.5, final=False, **more):
    looks = np.array([error, 0.0]).tobytes()
    finals, gradients = (np.ones(3).tobytes(), np.ones(2).tobytes()) if final else (b"", b"")
    return Seen(
        seconds=seconds,
        work=more.pop("work", {}),
        reports=more.pop("reports", {}),
        looks=looks,
        finals=finals,
        gradients=gradients,
    )


def ended(how, sentence="said so"):
    return Ended(
        how=how, sentence=sentence, seconds=1.0, seconds_evaluate=0.0, seconds_cpu=1.0, peak_memory_mb=1.0
    )


BEGAN, SETUP = Began(threads=1, start_memory_mb=1.0), Setup(seconds=0.5)
GOOD = [BEGAN, SETUP, seen(0.5)]
STATUSES = {
    "finished": ([*GOOD, ended("finished")], 0, "", Status.OK, "said so; scored as it stood at 0.5 s"),
    "stopped": ([*GOOD, ended("stopped")], 0, "", Status.OK, "said so; scored as it stood at 0.5 s"),
    "killed after its end": ([*GOOD, ended("stopped")], -9, "limit", Status.OK, "scored as it stood at 0.5 s"),
    "without its server": (GOOD, 255, "server", Status.INTERRUPTED, "the fork server was killed"),
    "without its server at its end": ([*GOOD, ended("finished")], 255, "server", Status.OK, "0.5 s"),
    "killed at the limit": (GOOD, -9, "limit", Status.OK, "killed at the limit; scored as it stood at 0.5 s"),
    "killed without a score": ([BEGAN], -9, "limit", Status.TIMEOUT, "never yielded within the budget"),
    "killed with a late look": ([BEGAN, seen(10.5)], -9, "limit", Status.TIMEOUT, "never yielded"),
    "set-up too long": ([BEGAN, Setup(seconds=12.0), ended("stopped")], 0, "", Status.TIMEOUT, "set-up took 12 s of 10 s"),
    "nothing yielded": ([BEGAN, ended("finished")], 0, "", Status.TIMEOUT, "said so; it yielded nothing within 10 s"),
    "raised": ([*GOOD, ended("error")], 0, "", Status.ERROR, "said so"),
    "raised, then killed": ([*GOOD, ended("error")], -9, "limit", Status.ERROR, "said so"),
    "memory": ([*GOOD, ended("memory")], 0, "", Status.OUT_OF_MEMORY, "said so"),
    "diverged": ([*GOOD, ended("diverged")], 0, "", Status.DIVERGED, "said so"),
    "left": (GOOD, 0, "", Status.CRASHED, "the process left with exit code 0 before the trial ended"),
    "left with 3": ([], 3, "", Status.CRASHED, "the process left with exit code 3 before the trial ended"),
    "segmentation fault": (GOOD, -11, "", Status.CRASHED, "the process was killed by SIGSEGV"),
    "killed by others": (GOOD, -9, "", Status.CRASHED, "SIGKILL (from outside; perhaps the machine ran out of memory)"),
    "interrupted": (GOOD, -9, "interrupted", Status.INTERRUPTED, "interrupted with its host"),
    "interrupted at its end": ([*GOOD, ended("error")], -9, "interrupted", Status.INTERRUPTED, "interrupted"),
}  # fmt: skip


@pytest.mark.parametrize("case", STATUSES)
def test_status_and_sentence(case):
    blocks, exitcode, killed, status, words = STATUSES[case]
    got, sentence = judge_status(Findings.of(blocks), BUDGET, exitcode, killed)
    assert got is status
    assert words in sentence


@pytest.mark.parametrize(
    ("escaped", "words"), [(None, ""), (0.0, ""), (12.0, "walkers were outside the box 12 times by then")]
)
def test_a_sentence_says_whether_walkers_had_left_the_box(escaped, words):
    reports = {} if escaped is None else {"walkers_escaped": escaped}
    later = seen(0.75, reports={"walkers_escaped": 99.0})
    for blocks, killed in (
        ([seen(0.5, reports=reports), ended("stopped")], ""),
        ([seen(0.5, reports=reports)], "limit"),
    ):
        _, sentence = judge_status(Findings.of([BEGAN, SETUP, *blocks, later]), 0.6, 0, killed)
        assert sentence.endswith("scored as it stood at 0.5 s" + (f"; {words}" if words else ""))


SAID = "finished by itself after 2 s; scored as it stood at 2 s"
REMARKS = {
    "as it must be": ({"mass": Metric(value=0.05, signed=-0.05), "zero_share": Metric(value=0.0)}, ""),
    "zeros": ({"zero_share": Metric(value=0.004)}, "; but its density is 0 at a share 0.004 of the law's points"),
    "too little mass": (
        {"mass": Metric(value=0.75, standard_error=0.01, signed=-0.75)},
        "; but its mass where the law lies is 0.25, not 1",
    ),
    "mass elsewhere": (
        {"mass": Metric(value=0.0), "total_mass": Metric(value=3.5e6, signed=3.5e6), "outside_mass": Metric(value=0.2)},
        "; but its mass over the whole space is 3.5e+06, not 1, outside the problem's box it has a mass of 0.2",
    ),
    "perhaps by chance": ({"total_mass": Metric(value=0.5, standard_error=0.11, signed=0.5)}, ""),
    "no more than by chance": (
        {"total_mass": Metric(value=0.5, standard_error=0.09, signed=0.5)},
        "; but its mass over the whole space is 1.5, not 1",
    ),
    "one point makes up all": (
        {"outside_mass": Metric(value=17.0, standard_error=17.0)},
        "; but outside the problem's box it has a mass of 17",
    ),
    "one point may": ({"outside_mass": Metric(value=15.0, standard_error=15.0)}, ""),
    "below the floor": ({"exchange_rms": Metric(value=0.01, floor=0.02)}, ""),
    "no number": ({"total_mass": Metric(value=None)}, "; but its mass over the whole space is nan, not 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REMARKS)
def test_a_sentence_says_what_is_wrong_with_an_answer(case):
    metrics, words = REMARKS[case]
    assert remarked(SAID, "fokker-planck", metrics) == SAID + words
    assert remarked(SAID, "something-else", metrics) == SAID


def test_what_an_earlier_judge_said_does_not_stay():
    wrong = {"zero_share": Metric(value=0.5)}
    once = remarked(SAID, "fokker-planck", wrong)
    assert once != SAID
    assert remarked(once, "fokker-planck", wrong) == once
    assert remarked(once, "fokker-planck", {}) == SAID


@pytest.mark.parametrize("number", sorted(signal.valid_signals()))
def test_every_signal_has_words(number):
    assert "the process was killed by" in death_sentence(-number)


@given(times=st.lists(st.floats(0, 20.0), max_size=10).map(sorted))
def test_scored_is_the_last_within_the_budget(times):
    findings = Findings.of([seen(time, error=1.0 / (1 + index)) for index, time in enumerate(times)])
    within = [time for time in times if time <= BUDGET]
    found = findings.scored(BUDGET)
    assert (None if found is None else found.seconds) == (within[-1] if within else None)


def test_curve_ends_at_the_score_and_counts_it_once():
    """The scored checkpoint was looked at before; its final reading replaces the look."""
    blocks = [
        seen(0.0, 0.5),
        seen(1.0, math.nan),
        seen(9.0, 0.25, work={"evaluations": 7}),
        seen(9.0, 0.25, final=True, work={"evaluations": 7}),
        seen(10.5, 0.1),
    ]
    curve = curve_of(Findings.of(blocks), BUDGET, Judge())
    assert curve == [
        Look(seconds=0.0, error=0.5),
        Look(seconds=1.0, error=None),
        Look(seconds=9.0, error=0.25, work={"evaluations": 7}),
    ]


errors = st.none() | st.floats(1e-8, 1.0)
curves = st.lists(errors, max_size=8).map(
    lambda found: [
        Look(seconds=1.0 + number, error=error, work={"evaluations": 10 * number})
        for number, error in enumerate(found)
    ]
)


@given(curve=curves, target=st.floats(1e-8, 1.0))
def test_a_target_is_reached_at_the_first_look_below_it(curve, target):
    seconds, work = first_reached(curve, [target], 0.0)
    reached = [look for look in curve if look.error is not None and look.error <= target]
    assert seconds == {repr(target): reached[0].seconds if reached else None}
    assert work == {repr(target): reached[0].work["evaluations"] if reached else None}


@given(curve=curves)
def test_harder_targets_are_never_reached_earlier(curve):
    targets = [1e-1, 1e-3, 1e-5]
    seconds, _ = first_reached(curve, targets, 0.0)
    times = [math.inf if seconds[repr(target)] is None else seconds[repr(target)] for target in targets]
    assert times == sorted(times)


def test_targets_below_the_floor_are_left_out():
    seconds, work = first_reached([Look(seconds=1.0, error=1e-9)], np.array([1e-1, 1e-2, 1e-3]), floor=5e-3)
    assert seconds == {"0.1": 1.0, "0.01": 1.0}
    assert work == {"0.1": None, "0.01": None}, "this look counted no evaluations"


def test_metrics_are_plain_numbers_whatever_a_judge_gives():
    """numpy's floats would not go into a document."""
    score = Score(
        value=np.float64(0.5),
        floor=np.float64(0.1),
        standard_error=np.float64(np.inf),
        signed=np.float32(-0.5),
    )
    metric = stored(score)
    assert metric == Metric(value=0.5, floor=0.1, standard_error=None, signed=-0.5)
    assert msgspec.json.decode(msgspec.json.encode(metric), type=Metric) == metric
    assert stored(Score(value=math.nan)).value is None


@pytest.mark.parametrize("floor", [math.nan, math.inf])
def test_a_floor_that_is_no_number_is_the_judges_fault(floor):
    with pytest.raises(ValueError, match="expected a finite number"):
        stored(Score(value=1.0, floor=floor))


def test_answers_have_the_shapes_that_were_asked_for():
    answers = answers_of(seen(1.0, final=True), Judge())
    assert (answers.looks.shape, answers.finals.shape, answers.gradients.shape) == ((2,), (3,), (2, 1))
    assert metrics_of(answers, Judge())["finals"].value == 3.0


def test_a_look_alone_gives_the_headline_alone():
    """As after a death: the values beyond the look were never taken."""
    answers = answers_of(seen(1.0), Judge())
    assert (answers.finals, answers.gradients) == (None, None)
    assert metrics_of(answers, Judge())["error"].value == 0.5
