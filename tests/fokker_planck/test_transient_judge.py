"""The metrics of moving laws against closed forms, on a spreading Gaussian in the plane."""

import math

import numpy as np
import pytest

from mfbench.reference import Reference
from mfbench.tasks.judging import Answers
from mfbench.tasks.transient_judge import LawAt, TransientJudge, at_time
from mfbench_fokker_planck.dilations import dilated
from mfbench_fokker_planck.known_law import exchanged

FOUR_SIGMA = 4.0  # a correct estimate fails such a test with probability 6e-5; seeds are fixed
TIMES = (0.5, 2.0)


def gaussian(x, shift=0.0, factor=1.0):
    """log N(shift, factor t I) at points (n, 3) with the time last."""
    variance = factor * x[:, 2]
    return -np.sum((x[:, :2] - shift) ** 2, axis=1) / variance / 2 - np.log(2 * math.pi * variance)


def law_at(t, count, rng):
    x = math.sqrt(t) * rng.standard_normal((count, 2))
    return LawAt(
        time=t,
        x=x,
        log_p=gaussian(at_time(x, t)),
        mean=np.zeros(2),
        covariance=t * np.eye(2),
        max_log_p=-math.log(2 * math.pi * t),
    )


@pytest.fixture(scope="module")
def judge():
    rng = np.random.default_rng(0)
    axis = np.linspace(-12.0, 12.0, 161)
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    laws = tuple(law_at(t, 10_000, rng) for t in TIMES)
    far = math.sqrt(2.0) * rng.standard_normal((12_000, 2))
    return TransientJudge(
        laws=laws,
        space=dilated(far, lambda x: gaussian(at_time(x, 2.0)), np.array([[-12.0] * 2, [12.0] * 2])),
        exchanged=exchanged(laws[-1].x[:500], (2, 1), rng),
        nodes=nodes,
        node_log_p=gaussian(at_time(nodes, 2.0)),
        node_weights=np.full(len(nodes), 0.15**2),
        log_density=Reference(
            quantity="log p", value=None, tolerance=0.0, method="exact", source="the normal law"
        ),
    )


def answers(judge, log_density):
    return Answers(looks=log_density(judge.inquiry.looks), finals=log_density(judge.inquiry.finals))


def test_the_exact_answer_scores_no_more_than_the_floor(judge):
    scores = judge.metrics(answers(judge, gaussian))
    assert set(scores) == {
        *("log_density_rms", "shape_rms", "last_rms", "mass", "kl", "zero_share", "mape"),
        *("mean_error", "covariance_error", "eigenvalue_error", "entropy_error"),
        *("relative_l1", "relative_l2", "outside_mass", "total_mass", "exchange_rms"),
    }
    assert next(iter(scores)) == "log_density_rms"
    assert {name: score for name, score in scores.items() if not score.value <= score.floor} == {}


def test_times_have_equal_shares(judge):
    """An error of 1 nat at one time of two, which the shape does not see."""
    scores = judge.metrics(answers(judge, lambda x: gaussian(x) + (x[:, 2] == 0.5)))
    assert scores["log_density_rms"].value == pytest.approx(math.sqrt(0.5), rel=1e-12)
    assert scores["last_rms"].value < 1e-12
    assert scores["shape_rms"].value < 1e-12
    assert scores["mass"].signed == pytest.approx(math.e - 1, rel=1e-12)
    assert scores["relative_l1"].value < 1e-12
    assert scores["mape"].value == pytest.approx((math.e - 1) / 2, rel=1e-2)


@pytest.mark.parametrize(("shift", "factor"), [(np.array([0.1, -0.05]), 1.0), (0.0, 1.15), (0.05, 0.9)])
def test_kl_mass_and_moments_are_the_closed_forms(judge, shift, factor):
    scores = judge.metrics(answers(judge, lambda x: gaussian(x, shift, factor)))
    square = float(np.sum(np.broadcast_to(shift, 2) ** 2))
    each = [(2 / factor + square / (factor * t) - 2 + 2 * math.log(factor)) / 2 for t in TIMES]
    assert abs(scores["kl"].value - np.mean(each)) < FOUR_SIGMA * scores["kl"].standard_error
    assert abs(scores["mass"].signed) < 2 * FOUR_SIGMA * scores["mass"].standard_error  # the larger of two
    # Standard errors of order 1 / 100 of the errors themselves, at 1e4 draws.
    assert scores["mean_error"].value == pytest.approx(math.sqrt(square / (2 * TIMES[0])), abs=0.01)
    assert scores["covariance_error"].value == pytest.approx(abs(factor - 1), abs=0.02)
    assert scores["eigenvalue_error"].value == pytest.approx(abs(factor - 1), abs=0.02)
    # S = (d / 2) log(2 pi e v).
    assert scores["entropy_error"].value == pytest.approx(abs(math.log(factor)), abs=0.03)
    assert abs(scores["total_mass"].signed) < FOUR_SIGMA * scores["total_mass"].standard_error


def test_particles_that_are_not_exchangeable_are_told_apart(judge):
    """log p + a (x_1 - x_2) changes by 2 a |x_1 - x_2| where the two change places, as half of the points do."""
    scores = judge.metrics(answers(judge, lambda x: gaussian(x) + 0.1 * (x[:, 0] - x[:, 1])))
    swapped = judge.exchanged[:, 0] != judge.laws[-1].x[:500, 0]
    assert 0.4 < np.mean(swapped) < 0.6
    # E (x_1 - x_2)^2 = 4 at t = 2: sqrt(.2^2 4 / 2) = .28; from 250 points.
    assert scores["exchange_rms"].value == pytest.approx(math.sqrt(0.08), rel=0.2)
    assert judge.metrics(answers(judge, gaussian))["exchange_rms"].value < 1e-13


@pytest.mark.parametrize("shift", [-1e5, 1e5])
def test_moments_and_entropy_do_not_depend_on_the_constant(judge, shift):
    plain = judge.metrics(answers(judge, lambda x: gaussian(x, 0.05, 0.9)))
    moved = judge.metrics(answers(judge, lambda x: gaussian(x, 0.05, 0.9) + shift))
    for name in ("mean_error", "covariance_error", "eigenvalue_error", "entropy_error"):
        assert plain[name].value > 1e-3
        assert moved[name].value == pytest.approx(plain[name].value, rel=1e-6), name


def test_a_density_that_vanishes_somewhere_is_infinitely_wrong(judge):
    def cut(x):
        return np.where(x[:, 0] > 1.0, -np.inf, gaussian(x))

    scores = judge.metrics(answers(judge, cut))
    assert scores["log_density_rms"].value == math.inf
    share = np.mean(judge.inquiry.looks[:, 0] > 1.0)
    assert scores["zero_share"].value == pytest.approx(share)
    assert scores["mass"].signed == pytest.approx(-share, abs=0.1)
    assert "kl" not in scores
    assert "mean_error" not in scores


def test_values_that_are_not_numbers_score_nan(judge):
    assert math.isnan(judge.headline(np.full(20_000, np.nan)).value)


def test_a_huge_answer_keeps_every_metric_a_number(judge):
    scores = judge.metrics(answers(judge, lambda x: 1e3 * x[:, 0]))
    assert all(math.isfinite(score.value) for score in scores.values())


def test_times_with_unlike_draws_are_refused(judge):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="one number of draws"):
        TransientJudge(
            laws=(law_at(0.5, 10, rng), law_at(1.0, 11, rng)),
            space=judge.space,
            nodes=judge.nodes,
            node_log_p=judge.node_log_p,
            node_weights=judge.node_weights,
            log_density=judge.log_density,
        )
