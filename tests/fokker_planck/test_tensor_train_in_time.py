"""`tensor-train` in time: splines, spectral noise, characteristics and cross approximation against closed forms; orders."""

import math

import numpy as np
import pytest

from mfbench.solver import Context, Diverged, Facts
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.gaussian import build, case_of
from mfbench_grid.blocks.law_frame import carried_back, law_frame
from mfbench_grid.blocks.law_train import crossed, splined, spread, total, value
from mfbench_grid.fokker_planck_tensor_train import confirmed, solve
from mfbench_grid.fokker_planck_tensor_train_entry import (
    TENSOR_TRAIN_IN_TIME,
    TensorTrainInTimeParameters,
)

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
AXES = [np.linspace(-6.0, 6.0, 60), np.linspace(-5.0, 7.0, 60), np.linspace(-6.0, 6.0, 48)]
SPACINGS = [float(axis[1] - axis[0]) for axis in AXES]
PRECISION = np.array([[1.6, 0.5, 0.0], [0.5, 1.4, -0.3], [0.0, -0.3, 1.5]])


def gaussian(y):
    """A normal density with correlations."""
    scale = math.sqrt(np.linalg.det(PRECISION) / (2 * math.pi) ** 3)
    return scale * np.exp(-np.einsum("na,ab,nb->n", y, PRECISION, y) / 2)


@pytest.fixture(scope="module")
def cores():
    return crossed(gaussian, AXES, np.array([30, 25, 24]), 1e-11, np.random.default_rng(0))


def test_a_correlated_law_is_crossed_and_integrated(cores):
    # 5.6 widths to the nearest end: 2e-8 of the law lies outside.
    assert total(cores, SPACINGS) == pytest.approx(1.0, abs=1e-7)
    y = np.random.default_rng(1).multivariate_normal(np.zeros(3), np.linalg.inv(PRECISION), 500)
    found = value(splined(AXES, cores), y)
    # Quintic splines at .2 of a width: 1e-5.
    np.testing.assert_allclose(found, gaussian(y), atol=3e-5 * gaussian(np.zeros((1, 3)))[0])
    assert np.all(value(splined(AXES, cores), np.full((1, 3), 20.0)) == 0.0)


def test_noise_adds_its_variance(cores):
    """The convolution with N(0, v I) is normal with covariance S + v I."""
    wider = spread(cores, SPACINGS, 0.3)
    covariance = np.linalg.inv(PRECISION) + 0.3 * np.eye(3)
    y = np.stack([AXES[0][[30, 25]], AXES[1][[25, 30]], AXES[2][[24, 20]]], axis=1)
    exact = np.exp(-np.einsum("na,ab,nb->n", y, np.linalg.inv(covariance), y) / 2)
    exact /= math.sqrt(np.linalg.det(covariance) * (2 * math.pi) ** 3)
    np.testing.assert_allclose(value(splined(AXES, wider), y), exact, rtol=1e-6)
    assert total(wider, SPACINGS) == pytest.approx(total(cores, SPACINGS), rel=1e-13)


def test_characteristics_run_back_along_the_drift():
    """b = A x (1 + t): X(t - dt) = e^(-A s) x, s = dt (1 + t - dt / 2), exactly; div b is the same everywhere."""
    matrix = np.array([[0.2, -1.0], [1.0, -0.5]])
    x = np.random.default_rng(0).standard_normal((5, 2))
    wrong = []
    for dt in (0.2, 0.1):
        back, growth = carried_back(lambda y, t: y @ matrix.T * (1 + t), x, 0.7, dt)
        s = dt * (1.7 - dt / 2)
        values, vectors = np.linalg.eig(matrix)
        exact = x @ (vectors @ np.diag(np.exp(-s * values)) @ np.linalg.inv(vectors)).real.T
        wrong.append(np.max(np.abs(back - exact)))
        np.testing.assert_allclose(growth, -0.3 * s, rtol=1e-7)
    assert 4.5 < math.log2(wrong[0] / wrong[1]) < 5.5, wrong


def errors(case, dim, levels, **changes):
    """Root mean square in nats over draws at all times, level after level; the last checkpoint."""
    problem, law = (
        build(GaussianParameters(case=case, dim=dim), 3),
        case_of(GaussianParameters(case=case, dim=dim), 3).law,
    )
    rng = np.random.default_rng(0)
    x = [law.draw(t, 1000, rng) for t in problem.times]
    looks = np.concatenate([np.c_[y, np.full(len(y), t)] for y, t in zip(x, problem.times, strict=True)])
    truth = np.concatenate([law.log_density(y, t) for y, t in zip(x, problem.times, strict=True)])
    found, last = [], None
    for checkpoint in solve(problem, TensorTrainInTimeParameters(levels=levels, **changes), CONTEXT):
        if last is None or checkpoint.state is not last.state:
            last = checkpoint
            found.append(math.sqrt(np.mean((checkpoint.evaluate(checkpoint.state, looks) - truth) ** 2)))
    return np.array(found), last


def test_the_order_of_splitting_is_two_and_extrapolation_does_better():
    found, last = errors("relaxation", 2, 3, nodes=48)
    assert 1.8 < math.log2(found[0] / found[1]) < 2.3, found
    assert found[2] < found[1] / 8, found
    assert last.reports["rank"] == 1.0
    assert abs(last.reports["total"]) < 1e-4


@pytest.mark.slow
def test_six_dimensions_beyond_the_published_error():
    """`gaussian[case=relaxation]`, d = 6: fpcross 5.0e-5 relative."""
    found, _ = errors("relaxation", 6, 3)
    assert found[-1] < 5e-5, found


def test_the_frame_is_that_of_the_law():
    """Where the law is not round: the basis makes the last covariance diagonal, up to 10,000 draws' noise."""
    problem = build(GaussianParameters(case="random-trap", dim=4), 3)
    frame = law_frame(problem, 32, np.random.default_rng(0))
    covariance = case_of(GaussianParameters(case="random-trap", dim=4), 3).law.moments(problem.times[-1])[1]
    turned = frame.basis.T @ covariance @ frame.basis
    assert np.max(np.abs(turned - np.diag(np.diag(turned)))) < 0.05
    for places in frame.places:
        for axis, y in zip(frame.axes, places.T, strict=True):
            assert axis[0] < np.min(y)
            assert np.max(y) < axis[-1]


def test_what_is_declined():
    supports = TENSOR_TRAIN_IN_TIME.supports
    assert "in time only" in supports(Facts(task="fokker-planck", dim=4, flags=frozenset({"stationary"})))
    assert "hypoelliptic" in supports(
        Facts(task="fokker-planck", dim=4, flags=frozenset({"transient", "hypoelliptic"}))
    )
    assert "up to fifty" in supports(Facts(task="fokker-planck", dim=100, flags=frozenset({"transient"})))
    assert supports(Facts(task="fokker-planck", dim=6, flags=frozenset({"transient"}))) is None
    with pytest.raises(Diverged, match="depends on place or direction"):
        next(
            solve(
                build(GaussianParameters(case="turning-covariance", dim=4), 0),
                TensorTrainInTimeParameters(),
                CONTEXT,
            )
        )


def test_orders_are_confirmed_by_two_corrections():
    assert confirmed(4.0, 1.0)
    assert not confirmed(2.0, 1.0)
    assert not confirmed(math.nan, 1.0)
