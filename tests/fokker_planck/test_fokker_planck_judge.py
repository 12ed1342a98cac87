"""The metrics of stationary laws against closed forms, on a standard Gaussian in the plane."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mfbench.reference import Reference
from mfbench.tasks.fokker_planck_judge import DensityPoints, FokkerPlanckJudge
from mfbench.tasks.judging import Answers
from mfbench_fokker_planck.dilations import dilated

FOUR_SIGMA = 4.0  # a correct estimate fails such a test with probability 6e-5; seeds are fixed
DIM = 2


def gaussian(x, mean=0.0, variance=1.0):
    square = np.sum((x - mean) ** 2, axis=1) / variance
    return -square / 2 - DIM / 2 * math.log(2 * math.pi * variance)


def make_judge(count=20_000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = rng.standard_normal((count, DIM))
    axis = np.linspace(-9.0, 9.0, 121)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, DIM)
    angle, radius = rng.uniform(0, 2 * np.pi, 4000), np.sqrt(20.0 * rng.random(4000))
    bulk = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return FokkerPlanckJudge(
        law=DensityPoints(x=drawn, log_p=gaussian(drawn), weights=np.full(count, 1 / count)),
        nodes=DensityPoints(x=grid, log_p=gaussian(grid), weights=np.full(len(grid), 0.15**2)),
        uniform=DensityPoints(x=bulk, log_p=gaussian(bulk), weights=np.full(4000, 1 / 4000)),
        max_log_p=-math.log(2 * math.pi),
        space=None if count < 20_000 else dilated(drawn, gaussian, np.array([[-9.0] * 2, [9.0] * 2])),
        log_density=Reference(
            quantity="log p", value=None, tolerance=0.0, method="exact", source="the normal law"
        ),
    )


@pytest.fixture(scope="module")
def judge():
    return make_judge()


def answers(judge, log_density):
    return Answers(looks=log_density(judge.inquiry.looks), finals=log_density(judge.inquiry.finals))


def test_the_exact_answer_scores_no_more_than_the_floor(judge):
    scores = judge.metrics(answers(judge, gaussian))
    assert set(scores) == {
        *("log_density_rms", "shape_rms", "mass", "kl", "zero_share"),
        *("mape", "mape_uniform", "relative_l1", "relative_l2", "outside_mass", "total_mass"),
    }
    assert {name: score for name, score in scores.items() if not score.value <= score.floor} == {}


@pytest.mark.parametrize("shift", [0.3, -1.5])
def test_a_wrong_normalisation_is_seen_by_all_but_the_shape(judge, shift):
    scores = judge.metrics(answers(judge, lambda x: gaussian(x) + shift))
    factor = abs(math.expm1(shift))
    assert scores["log_density_rms"].value == pytest.approx(abs(shift), rel=1e-12)
    assert scores["mass"].signed == pytest.approx(math.expm1(shift), rel=1e-12)
    assert scores["shape_rms"].value < 1e-12
    assert abs(scores["kl"].value) < 1e-12
    total = scores["total_mass"]
    assert abs(total.signed - math.expm1(shift)) < FOUR_SIGMA * total.standard_error
    for name in ("mape", "mape_uniform", "relative_l1", "relative_l2"):
        assert scores[name].value == pytest.approx(factor, rel=1e-12), name


@pytest.mark.parametrize(("mean", "variance"), [(np.array([0.2, -0.1]), 1.0), (0.0, 1.3), (0.1, 0.8)])
def test_kl_of_two_gaussians_is_the_closed_form(judge, mean, variance):
    scores = judge.metrics(answers(judge, lambda x: gaussian(x, mean, variance)))
    square = float(np.sum(np.broadcast_to(mean, DIM) ** 2))
    truth = (DIM / variance + square / variance - DIM + DIM * math.log(variance)) / 2
    assert abs(scores["kl"].value - truth) < FOUR_SIGMA * scores["kl"].standard_error
    assert abs(scores["mass"].signed) < FOUR_SIGMA * scores["mass"].standard_error


def test_rms_of_a_shifted_gaussian_is_the_closed_form(judge):
    mean = np.array([0.3, 0.4])  # error = m.x - |m|^2 / 2, of mean square |m|^2 + |m|^4 / 4
    scores = judge.metrics(answers(judge, lambda x: gaussian(x, mean)))
    rms, shape = scores["log_density_rms"], scores["shape_rms"]
    assert abs(rms.value - math.sqrt(0.25 + 0.25**2 / 4)) < FOUR_SIGMA * rms.standard_error
    assert abs(shape.value - 0.5) < FOUR_SIGMA * shape.standard_error


def test_relative_l1_is_the_closed_form(judge):
    """int |N(m, I) - N(0, I)| = 2 (2 Phi(|m| / 2) - 1); the quadrature sees a kink, hence 1e-3."""
    scores = judge.metrics(answers(judge, lambda x: gaussian(x, np.array([0.3, 0.4]))))
    assert scores["relative_l1"].value == pytest.approx(2 * math.erf(0.25 / math.sqrt(2)), rel=1e-3)


def test_relative_l2_is_the_closed_form(judge):
    """int (p^ - p)^2 / int p^2 = 2 - 2 exp(-|m|^2 / 4)."""
    scores = judge.metrics(answers(judge, lambda x: gaussian(x, np.array([0.3, 0.4]))))
    assert scores["relative_l2"].value == pytest.approx(math.sqrt(2 - 2 * math.exp(-0.0625)), rel=1e-10)


def test_standard_errors_are_the_spread_over_independent_point_sets():
    """200 sets of 500 points: the spread is known to 5 %, so that 20 % is four sigma."""
    names = ("log_density_rms", "kl", "mass")
    values, errors = {n: [] for n in names}, {n: [] for n in names}
    for seed in range(200):
        judge = make_judge(500, seed)
        scores = judge.metrics(Answers(looks=gaussian(judge.law.x, np.array([0.2, 0.1]), 1.1)))
        for name in names:
            values[name].append(scores[name].value if name != "mass" else scores[name].signed)
            errors[name].append(scores[name].standard_error)
    for name in names:
        assert np.std(values[name], ddof=1) == pytest.approx(np.mean(errors[name]), rel=0.2), name


def test_a_density_of_zero_somewhere_is_infinitely_wrong(judge):
    looks = gaussian(judge.law.x)
    looks[:100] = -np.inf
    scores = judge.metrics(Answers(looks=looks))
    assert scores["log_density_rms"].value == math.inf
    assert scores["shape_rms"].value == math.inf
    assert scores["zero_share"].value == 100 / 20_000
    assert "kl" not in scores
    assert 0 < scores["mape"].value < 0.1


def test_not_a_number_stays_not_a_number(judge):
    looks = gaussian(judge.law.x)
    looks[7] = np.nan
    assert math.isnan(judge.headline(looks).value)
    looks[8] = -np.inf
    scores = judge.metrics(Answers(looks=looks))
    assert math.isnan(scores["log_density_rms"].value)
    assert math.isnan(scores["mass"].value)


@pytest.mark.parametrize("shift", [-1e6, -400.0, 400.0, 1e6])
def test_kl_is_that_of_the_shape_whatever_the_constant(judge, shift):
    """Rounding of a sum of size 1e6 is 1e-10; exp of it is no number."""
    mean = np.array([0.2, -0.1])
    plain = judge.metrics(answers(judge, lambda x: gaussian(x, mean)))["kl"]
    moved = judge.metrics(answers(judge, lambda x: gaussian(x, mean) + shift))["kl"]
    assert plain.value > 0.02
    assert moved.value == pytest.approx(plain.value, abs=1e-9)
    assert moved.standard_error == pytest.approx(plain.standard_error, abs=1e-9)


def test_mode_weights_do_not_depend_on_the_constant(judge):
    modal = replace(judge, modes=(judge.law.x[:, 0] > 0).astype(int))
    tilted = lambda x: gaussian(x) + 0.5 * (x[:, 0] > 0)  # noqa: E731
    plain = modal.metrics(answers(modal, tilted))["mode_weights"].value
    # Weights e^.5 to 1 instead of 1 to 1, from 2e4 points.
    assert plain == pytest.approx(math.exp(0.5) / (1 + math.exp(0.5)) - 0.5, abs=0.01)
    moved = modal.metrics(answers(modal, lambda x: tilted(x) + 1e4))["mode_weights"].value
    assert moved == pytest.approx(plain, rel=1e-9)


@pytest.mark.parametrize("size", [400.0, 1e6, np.inf])
def test_a_diverged_answer_gives_numbers_and_no_warnings(judge, size):
    scores = judge.metrics(answers(judge, lambda x: np.full(len(x), size)))
    assert scores["log_density_rms"].value == pytest.approx(size, rel=0.02)
    assert scores["mass"].value > 1e100
    assert scores["relative_l1"].value > 1e100


def test_mape_leaves_out_the_tail_and_nothing_else(judge):
    cut = judge.max_log_p - 10.0
    wrong_in_the_tail = np.where(judge.law.log_p < cut, 5.0, 0.0)
    assert np.any(wrong_in_the_tail > 0)
    scores = judge.metrics(Answers(looks=judge.law.log_p + wrong_in_the_tail))
    assert scores["mape"].value == 0.0
    assert scores["log_density_rms"].value > 0.0


def test_without_final_values_the_metrics_of_the_looks_remain(judge):
    scores = judge.metrics(Answers(looks=judge.law.log_p))
    assert "mape" in scores
    assert not {"mape_uniform", "relative_l1", "relative_l2"} & set(scores)
