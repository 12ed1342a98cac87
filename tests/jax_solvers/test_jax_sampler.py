"""Walkers under V and a window's bias follow exp(-V - W_l), at steps where plain Euler does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from mfbench_jax.blocks import sampler
from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.windows import bias, bias_slope, spread

LADDERS, NUMBER, BINS, FALSE_ALARM = 4000, 4, 20, 1e-5
AXIS = np.linspace(-3.0, 3.0, 6001)


def visit(x):
    t = x[..., 0]
    zero = jnp.zeros_like(t)
    energy, slope = 3.0 * (t**2 - 1.0) ** 2, 12.0 * t * (t**2 - 1.0)
    return Places(x, energy, slope[..., None], zero, jnp.zeros_like(x), zero == 0)


def look(places):
    return sampler.Walkers(places, 2.0 * places.x[..., 0], jnp.full_like(places.x, 2.0))


@pytest.fixture
def windows():
    return spread(jnp.float64(-2.0), jnp.float64(2.0), jnp.zeros(NUMBER - 1))


def chi_squares(walkers, windows):
    """One statistic per window over bins of equal exact probability."""
    found = []
    x = np.asarray(walkers.places.x[..., 0])
    for window in range(NUMBER):
        law = np.exp(
            -3.0 * (AXIS**2 - 1.0) ** 2
            - np.asarray(bias(windows, 2.0 * jnp.asarray(AXIS)[:, None]))[:, window]
        )
        cumulative = np.concatenate([[0.0], np.cumsum((law[1:] + law[:-1]) / 2)])
        edges = np.interp(np.linspace(0, 1, BINS + 1)[1:-1], cumulative / cumulative[-1], AXIS)
        counts = np.bincount(np.searchsorted(edges, x[:, window]), minlength=BINS)
        found.append(np.sum((counts - LADDERS / BINS) ** 2) / (LADDERS / BINS))
    return np.array(found)


def adjusted(*step):
    return sampler.attempt(*step)[:2]


def run(windows, step, rounds=400, accept=adjusted):
    sizes = jnp.full(NUMBER, step)

    def one(walkers, key):
        move, swap = jax.random.split(key)
        own, slope = lambda s: bias(windows, s), lambda s: bias_slope(windows, s)
        walkers, _ = accept(move, walkers, sizes, own, slope, visit, look)
        return sampler.exchange(swap, walkers, own, jax.random.bernoulli(swap).astype(int)), None

    x = jnp.asarray(np.random.default_rng(5).uniform(-1.5, 1.5, (LADDERS, NUMBER, 1)))
    keys = jax.random.split(jax.random.key(6), rounds)
    return jax.jit(lambda start: jax.lax.scan(one, start, keys)[0])(look(visit(x)))


def test_invariant_law_with_bias_and_exchange(windows):
    limit = chi2.isf(FALSE_ALARM / NUMBER, BINS - 1)
    assert np.all(chi_squares(run(windows, 0.05), windows) < limit)


def test_the_same_steps_without_rejection_are_seen_to_be_wrong(windows):
    """The test above can fail: unadjusted steps of this size are far off the law."""

    def unadjusted(key, walkers, sizes, own, slope, visit, look):
        noise = jax.random.normal(key, walkers.places.x.shape)
        x = (
            walkers.places.x
            + sampler._drift(walkers, slope, sizes, 1.0)
            + jnp.sqrt(2.0 * sizes)[:, None] * noise
        )
        return look(visit(x)), jnp.ones(x.shape[:-1])

    limit = chi2.isf(FALSE_ALARM / NUMBER, BINS - 1)
    assert np.any(chi_squares(run(windows, 0.05, accept=unadjusted), windows) > limit)


def test_step_sizes_move_to_the_target_acceptance():
    sizes = jnp.asarray([1.0, 1.0])
    accepted = jnp.asarray([[0.9, 0.1]] * 3)
    found = sampler.adapt(sizes, accepted, 0.6, jnp.asarray(0.5))
    np.testing.assert_allclose(found, np.exp(0.5 * np.array([0.3, -0.5])))
