"""The Benes family: the equation, the table of moments, both forms of the density, draws."""

import math

import numpy as np
import pytest
from scipy.stats import kstest, norm

from mfbench_fokker_planck.benes import START_VARIANCE, TIMES, BenesLaw, build, directions, judge, law_of
from mfbench_fokker_planck.entries.benes import BENES, BenesParameters

FALSE_ALARM = 1e-4


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("t", TIMES)
def test_the_density_solves_its_equation(dim, t, equation_residual):
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    law, problem = law_of(BenesParameters(dim=dim), 3), build(BenesParameters(dim=dim), 3)

    def log_p(y, s):
        """Written down anew: log of sum_k w_k cosh(a_k . y) times the Gaussian."""
        variance = START_VARIANCE + s
        h = jnp.sum(jnp.asarray(law.weights) * jnp.cosh(jnp.asarray(law.arms) @ y))
        return (
            jnp.log(h)
            - jnp.sum((y - law.centre) ** 2) / (2 * variance)
            - variance / 2
            - dim / 2 * jnp.log(variance)
        )

    x = law.draw(t, 30, np.random.default_rng(0))
    assert np.max(equation_residual(log_p, problem, x, t)) < 1e-12


@pytest.mark.parametrize(("x0", "t"), [(0.0, 1.0), (0.7, 0.5), (-1.2, 2.0)])
def test_the_mean_of_the_catalogue(x0, t):
    """From a point, E X = x0 + t tanh x0 and E X^2 = x0^2 + t + t^2 + 2 x0 t tanh x0, with v = t."""
    law = BenesLaw(arms=np.ones((1, 1)), weights=np.ones(1), centre=np.array([x0]))
    mean, covariance = law.moments(t - START_VARIANCE)
    assert mean[0] == pytest.approx(x0 + t * math.tanh(x0), abs=1e-14)
    second = x0**2 + t + t**2 + 2 * x0 * t * math.tanh(x0)
    assert covariance[0, 0] + mean[0] ** 2 == pytest.approx(second, rel=1e-14)


@pytest.mark.parametrize("dim", [1, 2, 10, 50])
def test_the_density_is_its_mixture(dim):
    """h N / Z against the sum of Gaussians, and the normalisation with it."""
    law = law_of(BenesParameters(dim=dim), 4)
    for t in (0.0, *TIMES):
        x = law.draw(t, 100, np.random.default_rng(1))
        shares, means = law.mixture(t)
        variance = START_VARIANCE + t
        square = np.sum((x[:, None, :] - means) ** 2, axis=2) / variance
        mixture = np.log(np.exp(-0.5 * square) @ shares) - dim / 2 * math.log(2 * math.pi * variance)
        np.testing.assert_allclose(law.log_density(x, t), mixture, atol=1e-11)


@pytest.mark.parametrize("dim", [1, 2, 10])
def test_draws_follow_the_density(dim):
    """Along a direction the law is a mixture on the line, whose distribution function is known."""
    found, law = judge(BenesParameters(dim=dim), 5), law_of(BenesParameters(dim=dim), 5)
    along = np.random.default_rng(0).standard_normal(dim)
    for one in found.laws:
        shares, means = law.mixture(one.time)
        width = math.sqrt(START_VARIANCE + one.time) * np.linalg.norm(along)

        def cdf(s, shares=shares, means=means, width=width):
            return norm.cdf((s[:, None] - means @ along) / width) @ shares

        assert kstest(one.x @ along, cdf).pvalue > FALSE_ALARM
        assert np.all(one.log_p <= one.max_log_p + 1e-12)


@pytest.mark.parametrize("dim", [1, 2])
def test_nodes_integrate_the_last_law(dim):
    found = judge(BenesParameters(dim=dim), 1)
    p = found.node_weights * np.exp(found.node_log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(p @ found.nodes, found.laws[-1].mean, atol=1e-8)
    assert found.laws[-1].max_log_p >= np.max(found.node_log_p)


def test_the_drift_is_bounded_and_right_far_out():
    law = law_of(BenesParameters(dim=1), 0)
    np.testing.assert_allclose(law.grad_log_h(np.array([[1e4], [-1e4]])), [[1.0], [-1.0]])
    assert np.isfinite(law.log_h(np.array([[1e4]])))


def test_the_arms_are_unit_vectors():
    for dim in (1, 2, 3, 50):
        np.testing.assert_allclose(np.linalg.norm(directions(dim), axis=1), 1.0)


def test_the_entry_describes_what_it_builds():
    for preset in BENES.instances.values():
        for instance in preset:
            parameters = BenesParameters(**instance)
            assert build(parameters, 1).dim == BENES.facts(parameters).dim
    with pytest.raises(ValueError, match="expected a whole number from 1 to 100"):
        BenesParameters(dim=0)
