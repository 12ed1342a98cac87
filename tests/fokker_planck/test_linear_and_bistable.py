"""Two laws that every solver should find: constants of the catalogue, the equation, draws."""

import math

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.stats import chi2, kstest

from mfbench import NoParameters
from mfbench.frames import Frame
from mfbench_fokker_planck import bistable, linear
from mfbench_fokker_planck.entries.bistable import BISTABLE
from mfbench_fokker_planck.entries.linear import LINEAR, LinearParameters

FALSE_ALARM = 1e-4  # of each statistical test; seeds are fixed, so that it passes always or never


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_the_covariance_is_where_the_moment_equation_comes_to_rest(dim):
    """S' = -B S - S B^T + I from S = I for a long time, against the Lyapunov equation's solution."""
    b = linear.drift_matrix(dim)

    def rate(t, s):
        square = s.reshape(dim, dim)
        return (-b @ square - square @ b.T + np.eye(dim)).ravel()

    end = solve_ivp(rate, (0, 25), np.eye(dim).ravel(), rtol=1e-11, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(linear.covariance(dim), end.reshape(dim, dim), atol=1e-9)


@pytest.mark.parametrize("dim", [2, 5])
def test_the_gaussian_solves_the_stationary_equation(dim):
    """With l = log p: -div b - b . grad l + D (Lap l + |grad l|^2) = 0, all polynomials."""
    problem, points = (
        linear.build(LinearParameters(dim=dim), 3),
        linear.judge(LinearParameters(dim=dim), 3).uniform,
    )
    turn = Frame(dim, 3).matrix
    precision = np.linalg.inv(turn @ linear.covariance(dim) @ turn.T)
    score = -points.x @ precision
    drift = problem.drift(points.x, 0.0)
    divergence = -np.trace(linear.drift_matrix(dim))
    rest = -divergence - np.sum(drift * score, 1) + 0.5 * (-np.trace(precision) + np.sum(score**2, 1))
    np.testing.assert_allclose(rest, 0.0, atol=1e-12)


@pytest.mark.parametrize("dim", [1, 3])
def test_automatic_derivatives_agree(dim, at_rest):
    torch = pytest.importorskip("torch")
    problem, points = (
        linear.build(LinearParameters(dim=dim), 3),
        linear.judge(LinearParameters(dim=dim), 3).uniform.x[:200],
    )
    turn = Frame(dim, 3).matrix

    def of(factor):
        precision = torch.tensor(np.linalg.inv(turn @ linear.covariance(dim) @ turn.T) * factor)
        return at_rest(lambda x: -0.5 * x @ precision @ x, problem, points)

    assert np.max(of(1.0)) < 1e-13
    assert np.median(of(1.1)) > 1e-3


def test_the_bistable_law_solves_the_stationary_equation(at_rest):
    """p = C exp(8 (.3 x^2 / 2 - .5 x^4 / 4)), as its page says; another exponent does not."""
    pytest.importorskip("torch")
    problem = bistable.build(NoParameters(), 0)
    judge = bistable.judge(NoParameters(), 0)

    def log_p(x):
        return 8.0 * (0.3 * x[0] ** 2 / 2.0 - 0.5 * x[0] ** 4 / 4.0)

    points = judge.uniform.x[:200]
    level = np.array([log_p(x) for x in points]) - judge.uniform.log_p[:200]
    assert np.ptp(level) < 1e-12
    assert np.max(at_rest(log_p, problem, points)) < 1e-13
    assert np.median(at_rest(lambda x: 1.1 * log_p(x), problem, points)) > 1e-3


@pytest.mark.parametrize("dim", [1, 3])
def test_points_of_the_gaussian(dim):
    judge = linear.judge(LinearParameters(dim=dim), 2)
    turn = Frame(dim, 2).matrix
    white = np.linalg.solve(np.linalg.cholesky(linear.covariance(dim)), (judge.law.x @ turn).T)
    assert kstest(np.sum(white**2, axis=0), lambda s: chi2.cdf(s, dim)).pvalue > FALSE_ALARM
    assert np.sum(judge.nodes.weights * np.exp(judge.nodes.log_p)) == pytest.approx(1.0, abs=1e-9)
    depth = judge.max_log_p - judge.uniform.log_p
    assert kstest((depth / 10.0) ** (dim / 2), "uniform").pvalue > FALSE_ALARM


def test_the_catalogue_s_numbers_of_the_bistable_law():
    assert 1.0 / bistable.normalisation() == pytest.approx(0.324698121736, rel=1e-11)
    adaptive = quad(lambda x: math.exp(bistable.exponent(x)), -3, 3, epsabs=0, epsrel=1e-13, limit=200)[0]
    assert bistable.normalisation() == pytest.approx(adaptive, rel=1e-12)
    judge = bistable.judge(NoParameters(), 0)
    assert math.exp(judge.max_log_p) == pytest.approx(0.465399368737, rel=1e-11)
    second = np.sum(judge.nodes.weights * np.exp(judge.nodes.log_p) * judge.nodes.x[:, 0] ** 2)
    assert second == pytest.approx(0.571409569038, abs=3e-9)  # what lies outside the box is missing


def test_points_of_the_bistable_law():
    judge = bistable.judge(NoParameters(), 0)
    side = np.linspace(-3, 3, 6001)
    cumulative = np.cumsum(np.exp(bistable.exponent(side)))
    assert (
        kstest(judge.law.x[:, 0], lambda s: np.interp(s, side, cumulative / cumulative[-1])).pvalue
        > FALSE_ALARM
    )
    depth = judge.max_log_p - judge.uniform.log_p
    assert np.min(depth) >= 0.0 and 9.9 < np.max(depth) <= 10.0 + 1e-12
    assert set(judge.modes) == {0, 1}


def test_the_bistable_drift_is_the_slope():
    problem, x, h = bistable.build(NoParameters(), 0), np.linspace(-2, 2, 41)[:, None], 1e-5
    slope = (bistable.exponent(x + h) - bistable.exponent(x - h)) / (2 * h)
    np.testing.assert_allclose(problem.drift(x, 0.0), problem.diffusion * slope, atol=1e-8)


def test_entries_describe_what_they_build():
    assert BISTABLE.facts(NoParameters()).dim == bistable.build(NoParameters(), 0).dim
    for instance in LINEAR.instances["full"]:
        parameters = LinearParameters(**instance)
        assert LINEAR.facts(parameters).dim == linear.build(parameters, 1).dim


def test_a_dimension_without_a_matrix_is_refused():
    with pytest.raises(ValueError, match="dim is 4; expected one of 1, 2, 3, 5"):
        LinearParameters(dim=4)
