"""Standard errors against the spread that they claim to be."""

import math

import numpy as np
import pytest

from mfbench.tasks.field_metrics import root_mean_square
from mfbench_committor.blocks.reduced_points import Counts

SIGMAS = 4.0


def test_jackknife_is_leaving_one_out():
    """The closed formula against n recomputed means, weights unequal."""
    rng = np.random.default_rng(2)
    weights, squares = rng.lognormal(size=60), rng.exponential(size=60)
    weights /= weights.sum()
    kept = [np.arange(60) != j for j in range(60)]
    means = np.array([np.sum(weights[k] * squares[k]) / np.sum(weights[k]) for k in kept])
    # The formula's deviations are taken from the full mean, not from the mean of the 60.
    variance = 59 / 60 * np.sum((means - np.sum(weights * squares)) ** 2)
    score = root_mean_square(squares, weights, 0.0)
    assert score.value == pytest.approx(math.sqrt(np.sum(weights * squares)))
    assert score.standard_error == pytest.approx(math.sqrt(variance) / (2 * score.value), rel=1e-12)


def test_jackknife_is_the_spread_over_independent_points():
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(800):
        weights = rng.lognormal(0, 0.5, 500)
        scores.append(root_mean_square(rng.exponential(size=500), weights / weights.sum(), 0.0))
    spread = np.std([s.value for s in scores], ddof=1)
    # A standard deviation from 800 values has the relative error 1 / sqrt(1600).
    assert np.mean([s.standard_error for s in scores]) == pytest.approx(spread, rel=SIGMAS / 40)


def test_standard_errors_of_the_metrics_against_sixty_point_sets(plain):
    """Energies are independent draws: their error is the spread. The headline's ignores that the
    strata have exact shares and is an upper bound, here about twice the spread."""
    counts = Counts(reactive=2000, flat=1000, equilibrium=1000, energy=1000)

    def tilted(x):
        return (x[:, 0] + 1) / 2 + 0.05 * x[:, 1]

    def gradient(x):
        return np.tile([0.5, 0.05, 0.0], (len(x), 1))

    runs = []
    for seed in range(60):
        judge = plain.judge(seed, counts)
        runs.append(judge.metrics(plain.answers(judge, tilted, gradient)))
    tolerance = SIGMAS / math.sqrt(120)

    def compare(name):
        values = [r[name].value if r[name].signed is None else r[name].signed for r in runs]
        return np.mean([r[name].standard_error for r in runs]) / np.std(values, ddof=1)

    assert compare("rate_dirichlet") == pytest.approx(1, rel=tolerance)
    assert compare("rate_slab") == pytest.approx(1, rel=tolerance)
    for name in ("wrmse", "logit_rmse"):
        assert 1 - tolerance < compare(name) < 3, name
