"""EMUS against MBAR (Shirts, Chodera 2008, eq. 11), solved here by its self-consistent equations."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import root
from scipy.special import logsumexp

from mfbench_jax.blocks.emus import masses, shares
from mfbench_jax.blocks.windows import bias, spread

NODES = np.linspace(-9.0, 9.0, 40_001)
LAW = np.exp(-(NODES**2) / 2) / np.sum(np.exp(-(NODES**2) / 2))
DRAWS, REPEATS = 1500, 24


@pytest.fixture(scope="module")
def windows():
    return spread(jnp.float64(-3.0), jnp.float64(3.0), jnp.asarray([0.2, -0.2, 0.0, 0.1, -0.1]))


def drawn(windows, rng):
    """Biases (N, L, L) of draws from every window's law: axis 1 the window drawn from, axis 2 the one asked."""
    joint = LAW[:, None] * np.exp(-np.asarray(bias(windows, jnp.asarray(NODES)[:, None])))
    cumulative = np.cumsum(joint, axis=0) / joint.sum(axis=0)
    s = np.stack([np.interp(rng.random(DRAWS), c, NODES) for c in cumulative.T], axis=1)
    return np.asarray(bias(windows, jnp.asarray(s)[..., None])), joint.sum(axis=0) / joint.sum()


def mbar(biases):
    """log z (L,), sum of z 1: z_m = sum_n phi_m(x_n) / sum_k N_k phi_k(x_n) / z_k."""
    pooled = biases.reshape(-1, biases.shape[-1])

    def residual(log_z):
        log_mixture = logsumexp(np.log(DRAWS) - log_z - pooled, axis=1)
        wanted = logsumexp(-pooled - log_mixture[:, None], axis=0)
        return np.append((wanted - log_z)[1:], log_z[0])

    found = root(residual, np.zeros(biases.shape[-1]), method="lm", tol=1e-14)
    assert np.max(np.abs(found.fun)) < 1e-10
    return found.x - logsumexp(found.x)


def log_emus(biases):
    return np.log(np.asarray(masses(jnp.mean(shares(jnp.asarray(biases))[0], axis=0))))


def test_mbar_is_the_fixed_point_of_emus(windows):
    """With phi_m / z_m for phi_m the equations of MBAR say that all masses are equal: exactly, on any draws."""
    biases, _ = drawn(windows, np.random.default_rng(2))
    log_z = mbar(biases)
    np.testing.assert_allclose(log_emus(biases + log_z), -np.log(len(log_z)), atol=1e-9)
    assert np.max(np.abs(log_emus(biases) - log_z)) > 1e-4  # without it the two are different estimates


@pytest.mark.slow
def test_emus_and_mbar_agree_within_their_errors(windows):
    """|t| < 7 of 24 repeats for 6 windows: false alarm below 1e-5; the same for both against quadrature."""
    rng = np.random.default_rng(3)
    ours, theirs = [], []
    for _ in range(REPEATS):
        biases, exact = drawn(windows, rng)
        ours.append(log_emus(biases))
        theirs.append(mbar(biases))
    for difference in (np.subtract(ours, theirs), ours - np.log(exact), theirs - np.log(exact)):
        error = np.std(difference, axis=0, ddof=1) / np.sqrt(REPEATS)
        assert np.all(error < 0.02)
        assert np.all(np.abs(np.mean(difference, axis=0)) < 7 * error)
