"""Two Gaussians: the least risks of the catalogue, by closed forms, quadrature, simulation, and a programme of its own."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import nnls
from scipy.special import expit
from scipy.stats import multivariate_normal

from mfbench.tasks.judging import Answers
from mfbench_regression import two_gaussians
from mfbench_regression.entries.two_gaussians import TwoGaussiansParameters
from mfbench_regression.two_gaussians_limit import (
    critical_delta,
    finite_limit,
    gaussian_mean,
    limiting_risk,
    mean_unit,
)

LIMITS = {0.1: 0.6288, 0.2: 0.3412, 0.3: 0.1392, 0.4: 0.0256, 0.45: 0.0027}
"""Set down beforehand, as d grows."""
FINITE = {
    (320, 0.2): 0.3479, (320, 0.3): 0.1455, (320, 0.4): 0.0313, (320, 0.45): 0.0081,
    (40, 0.2): 0.3944, (40, 0.3): 0.1898, (40, 0.4): 0.0721, (40, 0.45): 0.0461,
}  # fmt: skip
"""Printed beforehand, from a simulation whose error was not said: in d = 40 they are up to 8e-4 below what is exact."""


def s(t):
    return -2.5 + 10 * np.clip(t - 0.5, 0, 1)


@pytest.mark.parametrize("delta", LIMITS)
def test_limiting_risks_of_the_catalogue(delta):
    assert limiting_risk(delta) == pytest.approx(LIMITS[delta], abs=6e-5)


def test_the_critical_delta():
    """Catalogue .4742193, to the digits that two bisections there left."""
    assert critical_delta() == pytest.approx(0.4742193, abs=1e-6)
    assert limiting_risk(critical_delta() - 1e-4) > 0 == limiting_risk(critical_delta() + 1e-4)


@pytest.mark.parametrize("t", [0.2, 0.9, 2.0, 7.0])
def test_gaussian_mean_by_quadrature(t):
    def integrand(g):
        return s(t * g) * math.exp(-0.5 * g * g) / math.sqrt(2 * math.pi)

    expected = quad(integrand, -12, 12, points=[0.5 / t, 1.5 / t], epsabs=1e-13, limit=200)[0]
    assert gaussian_mean(t) == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize(("dim", "t"), [(3, 2.0), (40, 3.0), (40, 12.0), (320, 20.0), (320, 400.0)])
def test_mean_over_directions_by_quadrature(dim, t):
    scale = math.exp(math.lgamma(dim / 2) - math.lgamma((dim - 1) / 2)) / math.sqrt(math.pi)

    def integrand(u):
        return s(t * u) * scale * (1 - u * u) ** ((dim - 3) / 2)

    reach = min(1.0, 40 / dim**0.5)
    kinks = [k for k in (0.5 / t, 1.5 / t) if k < reach]
    expected = quad(integrand, -reach, reach, points=kinks, epsabs=1e-12, limit=400)[0]
    assert mean_unit(np.array([t]), dim)[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dim", [3, 40, 320])
def test_mean_over_directions_has_its_limits(dim):
    ends = mean_unit(np.array([0.0, 0.5, 1e9, np.inf]), dim)
    np.testing.assert_allclose(ends, [-2.5, -2.5, 2.5, 2.5], atol=1e-6)


@pytest.mark.parametrize(("dim", "delta"), FINITE)
def test_finite_risks_are_near_those_printed(dim, delta):
    limit = finite_limit(dim, delta)
    assert limit.gap < 1e-8
    assert np.sum(limit.shares) == pytest.approx(1.0, abs=1e-12)
    assert limit.risk == pytest.approx(FINITE[dim, delta], abs=1e-3)


@pytest.mark.parametrize(("dim", "delta"), [(40, 0.2), (40, 0.45), (320, 0.3)])
def test_finite_risk_by_simulation(dim, delta):
    """Units drawn in two independent halves for each x, so that 1 - y (m + m') + m m' has the mean R exactly; 4 sigma."""
    limit, rng = finite_limit(dim, delta), np.random.default_rng(dim)
    count, half = 40_000, 64
    y = rng.choice([-1.0, 1.0], count)
    radius = np.sqrt(rng.chisquare(dim, count)) * (1 + y * delta)
    means = []
    for _ in range(2):
        first = rng.standard_normal((count, half))
        u = first / np.sqrt(first**2 + rng.chisquare(dim - 1, (count, half)))
        r = np.minimum(rng.choice(limit.radii, (count, half), p=limit.shares), 1e9)
        means.append(np.mean(s(radius[:, None] * r * u), axis=1))
    losses = 1 - y * (means[0] + means[1]) + means[0] * means[1]
    error = np.std(losses) / count**0.5
    assert error < 0.005
    assert np.mean(losses) == pytest.approx(limit.risk, abs=4 * error)


def test_no_law_of_two_radii_has_a_smaller_risk():
    """Against a programme on another grid and another quadrature (equal shares of the radius' law)."""
    from scipy.stats import chi

    dim, delta = 40, 0.45
    levels = (np.arange(4000) + 0.5) / 4000
    x = np.r_[(1 + delta) * chi.ppf(levels, dim), (1 - delta) * chi.ppf(levels, dim)]
    y = np.repeat([1.0, -1.0], 4000)
    radii = np.r_[np.linspace(0.0, 4.0, 150), np.geomspace(4.1, 1e3, 30)]
    table = mean_unit(np.multiply.outer(x, radii), dim)
    gram = np.linalg.qr(np.c_[table, y], mode="r") / len(x) ** 0.5
    shares, _ = nnls(np.vstack([gram[:, :-1], np.full(len(radii), 100.0)]), np.r_[gram[:, -1], 100.0])
    shares /= np.sum(shares)
    risk = np.mean((table @ shares - y) ** 2)
    assert risk == pytest.approx(finite_limit(dim, delta).risk, abs=3e-4)


def test_risks_approach_the_limit_as_one_over_d():
    """d (R_d - R_inf) settles: over three doublings of d it changes by less than a tenth."""
    delta = 0.3
    gaps = [dim * (finite_limit(dim, delta).risk - limiting_risk(delta)) for dim in (320, 640, 1280)]
    assert all(gap > 0 for gap in gaps)
    assert gaps[1] == pytest.approx(gaps[0], rel=0.1)
    assert gaps[2] == pytest.approx(gaps[1], rel=0.05)


@pytest.mark.parametrize("delta", [0.2, 0.45])
def test_the_function_sought_is_the_posterior_mean(delta):
    parameters = TwoGaussiansParameters(dim=40, delta=delta)
    judge = two_gaussians.judge(parameters, 0)
    x = judge.x[::97]
    up, down = (multivariate_normal(np.zeros(40), (1 + y * delta) ** 2).logpdf(x) for y in (1, -1))
    np.testing.assert_allclose(judge.f[::97], 2 * expit(up - down) - 1, atol=1e-10)


def test_the_best_measure_has_no_gap_and_less_is_possible_only_without_units():
    judge = two_gaussians.judge(TwoGaussiansParameters(dim=40, delta=0.3), 0)
    assert judge.metrics(Answers(looks=judge.best))["risk_gap"].value == 0.0
    exact = judge.metrics(Answers(looks=judge.f))["risk_gap"]
    # R of E[y | x] is E(1 - f^2): what is left of R* is the gap, but for the sampling of the judge's points.
    left = np.mean(1 - judge.f**2)
    assert exact.signed + judge.risk.value == pytest.approx(left, abs=4 * exact.standard_error)
    assert exact.signed < 0


def test_a_drawn_network_of_the_best_measure_is_above_it_by_its_variance_over_n():
    """E(y - f_n)^2 = R* + Var / n for n units drawn from it: two widths whose ratio is four."""
    dim, delta = 40, 0.3
    parameters = TwoGaussiansParameters(dim=dim, delta=delta)
    problem, judge = two_gaussians.build(parameters, 0), two_gaussians.judge(parameters, 0)
    limit, rng = finite_limit(dim, delta), np.random.default_rng(0)
    gaps = {}
    for n in (250, 1000):
        runs = []
        for _ in range(16):
            w = rng.standard_normal((n, dim))
            w *= (rng.choice(limit.radii, n, p=limit.shares) / np.linalg.norm(w, axis=1))[:, None]
            runs.append(
                judge.metrics(Answers(looks=problem.unit(judge.x, w).mean(axis=1)))["risk_gap"].signed
            )
        gaps[n] = np.mean(runs)
    assert gaps[250] / gaps[1000] == pytest.approx(4.0, rel=0.15)


@pytest.mark.parametrize("bad", [{"dim": 2}, {"delta": 0.0}, {"delta": 1.0}, {"delta": float("nan")}])
def test_impossible_parameters_are_refused(bad):
    with pytest.raises(ValueError, match="expected a"):
        TwoGaussiansParameters(**bad)
