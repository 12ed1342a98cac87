"""The verdict on records: exact cases, and how often equal sides fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom

from mfbench.compare import (
    Rules,
    confidence_of,
    counted,
    least_seeds,
    read_at_budget,
    read_at_equal_work,
    read_cell,
    silence,
    tail_of,
)
from mfbench.curves import common_work, error_at_work, seconds_to_error
from mfbench.folders import judge_folders
from mfbench.gates import Gates, read_gates
from mfbench.record import Look, Status
from mfbench.request import BadRequest
from mfbench.statistics import bootstrap_interval

GATES = Gates(accuracy=1.1, cost=1.2)


def reading(base, head, **fields):
    rules = Rules(**{
        "gates": GATES, "confidence": 0.95, "interval": bootstrap_interval, "errors_of": read_at_budget,
        "silent": silence(base, head), **fields,
    })  # fmt: skip
    return read_cell(counted(base), counted(head), rules)


@pytest.fixture
def side(a_trial):
    def make(errors=(1e-3,) * 5, scale=1.0, **fields):
        return [a_trial(seed, error, scale, **fields) for seed, error in enumerate(errors)]

    return make


def test_equal_sides_are_the_same(side):
    found = reading(side(), side())
    assert found.suspects == ()
    assert (found.accuracy.ratio, found.accuracy.low, found.accuracy.high) == pytest.approx((1, 1, 1))
    assert (found.accuracy.judgement, found.cost.judgement) == ("same", "same")


def test_slowdown_is_cost_alone_and_its_factor_exact(side):
    found = reading(side(), side(scale=1.3))
    assert found.suspects == ("cost",)
    assert found.cost.ratio == pytest.approx(1.3)
    assert found.accuracy.judgement == "same"


def test_error_of_twice_the_size_is_accuracy(side):
    found = reading(side(), side(errors=(2e-3,) * 5))
    assert "accuracy" in found.suspects
    assert found.accuracy.ratio == pytest.approx(2.0)


def test_within_the_gate_is_worse_and_no_loss(side):
    found = reading(side(), side(scale=1.19, errors=(1.09e-3,) * 5))
    assert found.suspects == ()
    assert (found.accuracy.judgement, found.cost.judgement) == ("worse", "worse")


def test_a_gate_that_is_not_named_never_fails(side):
    assert reading(side(), side(scale=9.0), gates=Gates(accuracy=1.1)).suspects == ()


def test_improvement_is_better(side):
    found = reading(side(errors=(2e-3,) * 5, scale=2.0), side())
    assert (found.accuracy.judgement, found.cost.judgement) == ("better", "better")


def test_scatter_that_holds_both_is_unclear(side):
    found = reading(side(), side(errors=(4e-3, 1e-3, 1e-3, 2e-4, 3e-3)))
    assert found.accuracy.judgement == "unclear"
    assert found.suspects == ()


def test_below_the_floor_errors_are_alike(side):
    found = reading(side(errors=(1e-6,) * 5, floor=1e-3), side(errors=(9e-4,) * 5, floor=1e-3))
    assert found.accuracy.ratio == pytest.approx(1.0)


def test_the_best_round_stands_for_a_seed(side):
    found = reading(side(scale=1.0) + side(scale=7.0), side(scale=5.0) + side(scale=1.0))
    assert found.cost.ratio == pytest.approx(1.0)


def test_a_seed_is_lost_where_head_fails_every_round_and_base_none(side, a_trial):
    crashed = a_trial(3, status=Status.CRASHED)
    rest = [trial for trial in side() if trial.cell.seed != 3]
    assert reading(side(), [*rest, crashed]).lost == (3,)
    assert reading(side(), [*side(), crashed]).lost == ()
    assert reading([*side(), crashed], [*rest, crashed]).lost == ()


def test_unsupported_and_interrupted_trials_are_no_seed(side, a_trial):
    head = [*side()[:4], a_trial(4, status=Status.UNSUPPORTED)]
    found = reading(side(), head)
    assert (len(found.pairs), found.suspects) == (4, ())


def test_all_seeds_failing_is_infinite_and_a_loss(side):
    found = reading(side(), side(status=Status.DIVERGED))
    assert found.suspects == ("status", "accuracy")
    assert found.accuracy.ratio is None
    assert found.cost is None


def test_other_judges_are_not_compared(side):
    found = reading(side(), side(errors=(1.0,) * 5, judge="k"))
    assert found.suspects == ()
    assert "judges differ" in found.silent["accuracy"]


LOOKS = [Look(seconds=2.0**i, error=0.5**i, work={"evaluations": 10**i, "samples": 1}) for i in range(4)]


def test_curves_are_read_on_lines_of_logarithms():
    assert error_at_work(LOOKS, "evaluations", 10, 0.0) == 0.5
    assert error_at_work(LOOKS, "evaluations", 31, 0.0) == pytest.approx(0.5 ** math.log10(31))
    assert error_at_work(LOOKS, "evaluations", 1000, 0.2) == 0.2
    assert math.isinf(error_at_work(LOOKS[1:], "evaluations", 5, 0.0))
    assert seconds_to_error(LOOKS, 0.25, 0.0) == pytest.approx(4.0)
    assert seconds_to_error(LOOKS, 0.5**1.5, 0.0) == pytest.approx(2.0**1.5)
    assert seconds_to_error(LOOKS, 2.0, 0.0) == 1.0
    assert math.isinf(seconds_to_error(LOOKS, 0.01, 0.0))


def test_equal_work_is_the_lesser_of_a_shared_kind():
    assert common_work(LOOKS, LOOKS[:2]) == ("evaluations", 10)
    other = [Look(seconds=1.0, error=1.0, work={"samples": 7})]
    assert common_work(LOOKS, other) == ("samples", 1)
    assert common_work(LOOKS, [Look(seconds=1.0, error=1.0)]) is None
    assert common_work([], LOOKS) is None


def test_a_faster_machine_does_not_change_the_error_at_equal_work(side):
    slow, fast = side(errors=(2.0**-9,) * 5), side(errors=(2.0**-19,) * 5)
    found = reading(slow, fast, errors_of=read_at_equal_work)
    # The slower one ends at its own plateau; both are read at the work of the end of both.
    assert found.accuracy.ratio == pytest.approx(2.0**-10)
    shorter = [
        r.__class__(**{f: getattr(r, f) for f in r.__struct_fields__} | {"curve": r.curve[:10]}) for r in fast
    ]
    assert reading(slow, shorter, errors_of=read_at_equal_work).accuracy.ratio == pytest.approx(1.0)


def test_folders_compare_errors_and_refuse_seconds_of_two_machines(side):
    base, head = side(), side(machine="m2", scale=5.0)
    found = judge_folders(("a", "b"), base, head, Gates(accuracy=1.1))
    assert not found.regressed
    assert "different machines" in found.cells[0].first.silent["cost"]
    with pytest.raises(BadRequest, match="different machines"):
        judge_folders(("a", "b"), base, head, GATES)
    assert judge_folders(("a", "b"), base, side(scale=5.0), GATES).cells[0].regressions == ("cost",)
    worse = judge_folders(("a", "b"), base, side(errors=(2e-3,) * 5, machine="m2"), Gates(accuracy=1.1))
    assert worse.cells[0].regressions == ("accuracy",)


def test_unknown_machines_are_never_one(side):
    with pytest.raises(BadRequest, match="different machines"):
        judge_folders(("a", "b"), side(machine=""), side(machine=""), GATES)


def test_folders_of_other_budgets_meet_at_equal_work(side):
    found = judge_folders(("a", "b"), side(budget=20.0), side(budget=5.0), Gates(accuracy=1.1))
    assert found.cells[0].budgets == (20.0, 5.0)
    assert any("budgets differ" in note for note in found.cells[0].notes)


def test_one_seed_fails_by_status_alone(side):
    worse = judge_folders(("a", "b"), side((1e-3,)), side((9e-1,)), Gates(accuracy=1.1))
    assert not worse.regressed
    lost = judge_folders(("a", "b"), side((1e-3,)), side((1e-3,), status=Status.ERROR), Gates(accuracy=1.1))
    assert lost.cells[0].regressions == ("status",)


def test_running_out_of_time_elsewhere_is_no_regression(side):
    late = side(status=Status.TIMEOUT, machine="m2")
    assert not judge_folders(("a", "b"), side(), late, Gates(accuracy=1.1)).regressed
    assert judge_folders(("a", "b"), side(), side(status=Status.TIMEOUT), Gates(accuracy=1.1)).regressed


def test_folders_without_a_common_cell_are_bad_input(side):
    with pytest.raises(BadRequest, match="no cell in common"):
        judge_folders(("a", "b"), side(), [], Gates(accuracy=1.1))


def test_gates_are_read_or_refused():
    assert read_gates("accuracy=10%, cost=20%") == Gates(accuracy=1.1, cost=1.2)
    for text in (
        "",
        "accuracy",
        "accuracy=10",
        "speed=10%",
        "cost=0%",
        "cost=10%,cost=20%",
        "cost=-5%",
        "cost=nan%",
    ):
        with pytest.raises(BadRequest, match="--fail-on"):
            read_gates(text)


def test_tails_keep_the_false_alarms_of_the_whole():
    for gates in (1, 8, 40, 400):
        assert gates * tail_of(gates, 2) ** 2 == pytest.approx(0.05)
        assert 2.0 ** -least_seeds(gates, 2) <= tail_of(gates, 2)
    assert confidence_of(8, 2) == 0.95
    assert confidence_of(400, 2) > 0.97


@pytest.mark.parametrize("draw", ["normal", "standard_cauchy"])
def test_interval_of_five_equal_pairs_leans_to_one_side_seldom(draw):
    """One-sided, at most 1 in 32 by the signs plus what the ends may miss: 2000 draws, 5 %, alarm chance below 1e-4."""
    random = np.random.default_rng(7)
    draws = getattr(random, draw)(size=(2000, 5))
    wrong = sum(bootstrap_interval(list(row), 0.95)[0] > 0.0 for row in draws)
    assert wrong <= binom.ppf(1 - 1e-4, 2000, 0.04)


def test_interval_is_exact_where_there_is_no_scatter():
    assert bootstrap_interval([0.5] * 5, 0.95) == (0.5, 0.5)
    assert bootstrap_interval([math.inf] * 5, 0.95) == (math.inf, math.inf)
    assert bootstrap_interval([0.5], 0.95) == (-math.inf, math.inf)
    assert bootstrap_interval([math.inf, -math.inf, 0.1], 0.95) == (-math.inf, math.inf)


def alarms(a_trial, repetitions, scatter, slowdown=1.0, loss=1.0):
    """How many of so many verdicts of two looks at four cells fail; independent streams on both sides."""
    random, confidence, failed = np.random.default_rng(11), confidence_of(8, 2), 0

    def spread(value):
        return value * np.exp(scatter * random.standard_normal())

    for _ in range(repetitions):
        for _ in range(4):
            confirmed = {"accuracy", "cost", "status"}
            for look in (range(5), range(5, 10)):
                base = [a_trial(seed, spread(1e-3), spread(1.0)) for seed in look]
                head = [a_trial(seed, spread(1e-3 * loss), spread(slowdown)) for seed in look]
                confirmed &= set(reading(base, head, confidence=confidence).suspects)
                if not confirmed:
                    break
            if confirmed:
                failed += 1
                break
    return failed


@pytest.mark.parametrize("scatter", [0.03, 0.3])
def test_equal_sides_fail_at_most_once_in_twenty(a_trial, scatter):
    """120 verdicts on four cells: where the chance is 1 in 20, more than 17 fail with a chance of 1e-4."""
    assert alarms(a_trial, 120, scatter) <= binom.ppf(1 - 1e-4, 120, 0.05)


def test_slowdown_and_loss_are_found_in_nineteen_of_twenty(a_trial):
    """60 verdicts, scatter of 3 %: where the chance is 19 in 20, fewer than 50 are found with a chance of 1e-4."""
    least = binom.ppf(1e-4, 60, 0.95)
    assert alarms(a_trial, 60, 0.03, slowdown=1.4) >= least
    assert alarms(a_trial, 60, 0.03, loss=2.0) >= least
