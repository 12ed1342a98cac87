"""Metrics of the field where their values are known in closed form; fixed seeds, 4 standard errors."""

import dataclasses
import math

import numpy as np
import pytest

from mfbench.tasks.committor_points import ReferencePoints
from mfbench.tasks.judging import Answers
from mfbench_committor import double_well, mueller
from mfbench_committor.entries.mueller import MuellerParameters


def test_exact_committor_scores_below_every_floor(plain, judge):
    metrics = judge.metrics(plain.answers(judge, plain.exact, rate=plain.nu, rate_error=0.0))
    for name in ("wrmse", "skill", "logit_rmse", "relative_l2", "rate_reported"):
        assert metrics[name].value <= metrics[name].floor, name
    for name in ("excursion", "logit_clipped", "rate_uncovered"):
        assert metrics[name].value == 0, name
    assert judge.floor == 1e-13
    assert metrics["logit_rmse"].floor < 1e-10


def test_constant_error_is_the_headline(plain, judge):
    def shifted(x):
        return plain.exact(x) + np.where(plain.exact(x) < 0.5, 0.01, -0.01)  # never leaves [0, 1]

    score = judge.headline(shifted(judge.inquiry.looks))
    assert score.value == pytest.approx(0.01, rel=1e-12)
    assert score.standard_error < 1e-12, "an error without spread has no sampling error"


def test_one_half_and_the_best_constant(plain, judge):
    reactive = plain.outside(lambda t, q: q * (1 - q))
    spread = math.sqrt(plain.outside(lambda t, q: q * (1 - q) * (q - 0.5) ** 2) / reactive)
    half = judge.metrics(plain.answers(judge, lambda x: np.full(len(x), 0.5), np.zeros_like))
    assert plain.near(half["wrmse"], spread)
    mean = float(np.sum(judge.reactive.weights * judge.reactive.q))
    best = judge.metrics(plain.answers(judge, lambda x: np.full(len(x), mean), np.zeros_like))
    assert best["skill"].value == pytest.approx(1, rel=1e-12)
    assert half["skill"].value >= 1
    assert half["wrmse_half"] == half["wrmse"]
    assert best["wrmse_constant"].value == pytest.approx(best["wrmse"].value, rel=1e-12)
    mean = plain.outside(lambda t, q: q * q * (1 - q)) / reactive
    variance = plain.outside(lambda t, q: q * (1 - q) * (q - mean) ** 2) / reactive
    assert plain.near(best["wrmse"], math.sqrt(variance))
    assert best["rate_dirichlet"].signed == -1


def test_headline_of_a_straight_line_by_quadrature(plain, judge):
    reactive = plain.outside(lambda t, q: q * (1 - q))
    error = plain.outside(lambda t, q: q * (1 - q) * ((t + 1) / 2 - q) ** 2)
    assert plain.near(judge.headline((judge.inquiry.looks[:, 0] + 1) / 2), math.sqrt(error / reactive))


def test_values_are_clipped_before_they_are_compared(judge):
    q = judge.reactive.q
    wild = np.where(q < 0.5, -7.0, 31.0)
    assert judge.headline(wild) == judge.headline(np.clip(wild, 0, 1))
    metrics = judge.metrics(Answers(looks=np.where(q < 0.5, -0.2, 1.3)))
    assert metrics["excursion"].value == pytest.approx(0.3)
    assert set(metrics) == {"wrmse", "skill", "excursion", *SCALES}, "without finals no metric of them"


def test_not_a_number_is_not_a_score(judge):
    values = judge.reactive.q.copy()
    values[17] = np.nan
    assert math.isnan(judge.headline(values).value)


def test_not_a_number_among_the_finals_is_no_rate_either(plain, judge):
    """Left out of a slab, such values would bring a rate nearer to whatever the others have."""
    known = plain.answers(judge, plain.exact)
    finals = np.where((known.finals > 0.3) & (known.finals < 0.5), np.nan, known.finals)
    metrics = judge.metrics(dataclasses.replace(known, finals=finals))
    for name in ("rate_slab", "logit_rmse", "relative_l2"):
        assert math.isnan(metrics[name].value), name
    assert metrics["logit_clipped"].value > 0.0
    nothing = judge.metrics(dataclasses.replace(known, finals=np.full(len(finals), np.nan)))
    assert math.isnan(nothing["rate_slab"].value) and nothing["logit_clipped"].value == pytest.approx(1.0)


@pytest.mark.parametrize(
    "reports",
    [{"rate": 1.0, "rate_error": math.inf}, {"rate": 1.0, "rate_error": math.nan}, {"rate": math.inf}],
)
def test_what_is_no_finite_number_is_not_told(plain, judge, reports):
    """Records do not keep it, and a judge that looked at it would say otherwise of the record."""
    finite = {name: told for name, told in reports.items() if math.isfinite(told)}
    answers = plain.answers(judge, plain.exact)
    seen, kept = (
        judge.metrics(dataclasses.replace(answers, reports=told)).keys() for told in (reports, finite)
    )
    assert seen == kept and "rate_uncovered" not in seen


def test_points_whose_weights_are_no_shares_are_refused(judge):
    points = judge.reactive
    with pytest.raises(ValueError, match=r"weights sum to 2; expected numbers >= 0 of sum 1"):
        dataclasses.replace(points, weights=2.0 * points.weights)
    with pytest.raises(ValueError, match="weights sum to 1; expected numbers >= 0"):
        dataclasses.replace(points, weights=points.weights + np.r_[-1.0, 1.0, np.zeros(len(points.q) - 2)])
    with pytest.raises(ValueError, match=r"expected \(n, d\), \(n,\), \(n,\), \(n,\)"):
        dataclasses.replace(points, q=points.q[1:])


def test_relative_l2_of_known_multiples(plain, judge):
    for factor in (0.0, 0.5, 0.9):
        score = judge.metrics(plain.answers(judge, lambda x, k=factor: k * plain.exact(x)))["relative_l2"]
        assert score.value == pytest.approx(1 - factor, rel=1e-12)


def test_relative_l2_of_one_half_by_quadrature(plain, judge):
    score = judge.metrics(plain.answers(judge, lambda x: np.full(len(x), 0.5)))["relative_l2"]
    error, scale = (plain.outside(f) for f in (lambda t, q: (0.5 - q) ** 2, lambda t, q: q * q))
    values = judge.equilibrium.q**2
    sampling = np.std(values) / math.sqrt(len(values)) / np.mean(values)  # of the scale, the noisier part
    assert score.value == pytest.approx(math.sqrt(error / scale), rel=4 * sampling)


def shifted_logit(plain, shift):
    def function(x):
        q, p = plain.line.committor(x[:, 0]), plain.line.complement(x[:, 0])
        return q / (q + p * math.exp(-shift))

    return function


@pytest.mark.parametrize("shift", [1e-3, 0.5, -2.0])
def test_logit_rmse_is_the_shift_of_the_logit(plain, judge, shift):
    """Below log 10 no shift reaches the clip."""
    metrics = judge.metrics(plain.answers(judge, shifted_logit(plain, shift)))
    assert metrics["logit_rmse"].value == pytest.approx(abs(shift), rel=1e-8)
    assert metrics["logit_clipped"].value == 0


def test_logit_rmse_beyond_the_clip(plain, judge):
    """Shifted by s > log 10, the share within s - log 10 of the upper end is clipped at error (end + log 10 - z)."""
    shift, beyond = 6.0, 6.0 - math.log(10)
    width = math.log(1 / judge.logit_range[0]) + math.log(1 / judge.logit_range[1])
    metrics = judge.metrics(plain.answers(judge, shifted_logit(plain, shift)))
    assert metrics["logit_clipped"].value == pytest.approx(beyond / width, abs=0.01)
    clipped = (shift**3 - math.log(10) ** 3) / 3  # int of (log 10 + y)^2 over 0 < y < beyond
    mean = (clipped + shift**2 * (width - beyond)) / width
    assert plain.near(metrics["logit_rmse"], math.sqrt(mean))


def test_logit_floor_is_what_a_float64_can_say():
    """At T = .02, 1 - q falls to 1e-25: even the exact q, rounded, is far off in the logit."""
    cold = double_well.judge(double_well.DoubleWellParameters(temperature=0.02), 0)
    metrics = cold.metrics(
        Answers(
            looks=cold.reactive.q,
            finals=np.concatenate([cold.flat.q, cold.equilibrium.q, np.full(len(cold.energy.x), 0.5)]),
        )
    )
    assert metrics["logit_rmse"].value > 1
    assert metrics["logit_rmse"].value == pytest.approx(metrics["logit_rmse"].floor, rel=1e-12)


def test_a_judge_may_rank_by_the_logit(plain, judge):
    """The same numbers in another place: looks and finals change sides, and the floor goes with the headline."""
    ranked = dataclasses.replace(judge, headline_name="logit_rmse")
    np.testing.assert_array_equal(ranked.inquiry.looks, judge.flat.x)
    np.testing.assert_array_equal(ranked.inquiry.gradients, judge.inquiry.gradients)
    off = shifted_logit(plain, 0.5)
    one, two = (each.metrics(plain.answers(each, off, rate=plain.nu)) for each in (judge, ranked))
    assert one == two, "every metric is the same"
    assert (next(iter(one)), next(iter(two))) == ("wrmse", "logit_rmse")
    assert ranked.headline(off(ranked.inquiry.looks)) == one["logit_rmse"]
    assert ranked.floor == one["logit_rmse"].floor != judge.floor
    looks_alone = ranked.metrics(Answers(looks=off(ranked.inquiry.looks)))
    assert set(looks_alone) == {"logit_rmse", "logit_clipped"}
    assert math.isnan(ranked.headline(np.full(len(judge.flat.q), np.nan)).value)


def test_a_headline_must_be_one_of_two(judge):
    with pytest.raises(ValueError, match="headline_name is 'skill'; expected one of wrmse, logit_rmse"):
        dataclasses.replace(judge, headline_name="skill")


SCALES = {"wrmse_half", "wrmse_constant", "wrmse_points"}


def test_the_points_count_as_many_as_the_spread_of_a_weighted_mean_says():
    """The weighted mean of random signs has the variance 1 / n. Of 2000 such means the variance is known to 3 %, 4 standard
    errors are 13 %; the weights of the Mueller-Brown points are so unequal that their number is far off."""
    judge_of_plane = mueller.judge(MuellerParameters(), 0)
    weights = judge_of_plane.reactive.weights
    stored = judge_of_plane.metrics(Answers(looks=judge_of_plane.reactive.q))["wrmse_points"].value
    rng = np.random.default_rng(0)
    means = [weights @ rng.choice([-1.0, 1.0], len(weights)) for _ in range(2000)]
    assert np.mean(np.square(means)) * stored == pytest.approx(1.0, abs=0.13)
    assert np.mean(np.square(means)) * len(weights) > 1.5


@pytest.mark.parametrize(
    ("weights", "points"), [((0.5, 0.25, 0.25), 8 / 3), ((0.25,) * 4, 4), ((0.5, 0.5, 0.0), 2)]
)
def test_effective_points_by_hand(judge, weights, points):
    few = {name: getattr(judge.reactive, name)[: len(weights)] for name in ("x", "q", "p")}
    small = dataclasses.replace(judge, reactive=ReferencePoints(weights=np.array(weights), **few))
    assert small.metrics(Answers(looks=small.reactive.q))["wrmse_points"].value == pytest.approx(points)


def test_excursions_by_round_off_are_none(judge):
    score = judge.metrics(Answers(looks=np.where(judge.reactive.q < 0.5, -1e-15, 1.0)))["excursion"]
    assert 0 < score.value < score.floor
    inside = judge.metrics(Answers(looks=np.where(judge.reactive.q < 0.5, 0.0, 1.0)))["excursion"].value
    assert math.copysign(1.0, inside) == 1 and inside == 0
