"""The biased law along a curved coordinate, where the drift is tamed, in exchanges, and next to holes.

Walkers start from the exact law of their window and are independent of each other; whatever leaves
that law unchanged must pass Kolmogorov-Smirnov at a false-alarm rate of 1e-5 per window.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.sampler import Walkers, attempt, exchange
from mfbench_jax.blocks.windows import Windows, bias, bias_slope

WALKERS, STEPS, ALARM = 6000, 40, 1e-5
WINDOWS = Windows(jnp.asarray([-1.0, 0.1, 1.2]), jnp.asarray([4.0, 9.0, 4.0]))
NODES = np.linspace(-4.0, 4.0, 20_001)


def energy(x):
    return 3.0 * (x**2 - 1.0) ** 2


def visit(x):
    e, slope = energy(x[..., 0]), 12.0 * x * (x**2 - 1.0)
    return Places(x, e, slope, jnp.zeros_like(e), jnp.zeros_like(x), jnp.ones(e.shape, bool))


def look(places):
    """s = sinh(x): the bias force is wrong without the coordinate's gradient."""
    return Walkers(places, jnp.sinh(places.x[..., 0]), jnp.cosh(places.x))


def own(s):
    return bias(WINDOWS, s)


def own_slope(s):
    return bias_slope(WINDOWS, s)


def laws(heat=1.0):
    """Cumulative laws (n, 3) at NODES."""
    weight = np.exp(-energy(NODES)[:, None] / heat - np.asarray(own(jnp.sinh(jnp.asarray(NODES))[:, None])))
    return np.cumsum(weight, axis=0) / weight.sum(axis=0)


def started(seed, heat=1.0):
    rng = np.random.default_rng(seed)
    draws = [np.interp(rng.random(WALKERS), law, NODES) for law in laws(heat).T]
    return look(visit(jnp.asarray(np.stack(draws, axis=1))[..., None]))


def p_values(walkers, heat=1.0):
    x = np.asarray(walkers.places.x[..., 0])
    return [
        stats.kstest(x[:, i], lambda t, law=law: np.interp(t, NODES, law)).pvalue
        for i, law in enumerate(laws(heat).T)
    ]


def walked(walkers, size, energy_bias, heat=1.0):
    @jax.jit
    def run(walkers, keys):
        def move(walkers, key):
            sizes = jnp.full(3, size)
            return attempt(key, walkers, sizes, energy_bias, own_slope, visit, look, heat).walkers, None

        return jax.lax.scan(move, walkers, keys)[0]

    return run(walkers, jax.random.split(jax.random.key(5), STEPS))


@pytest.mark.parametrize("size", [0.02, 0.3], ids=["small", "tamed and mostly rejected"])
def test_steps_leave_the_biased_law_unchanged(size):
    assert min(p_values(walked(started(1), size, own))) > ALARM


def test_hot_walkers_leave_the_hotter_law_unchanged():
    """And the problem's own would be told from it."""
    walkers = walked(started(6, heat=3.0), 0.1, own, heat=3.0)
    assert min(p_values(walkers, heat=3.0)) > ALARM
    assert max(p_values(walkers)) < ALARM


def test_a_bias_left_out_of_the_acceptance_would_be_seen():
    assert max(p_values(walked(started(1), 0.02, lambda s: 0.0 * s))) < ALARM


@pytest.mark.parametrize("parity", [0, 1])
def test_exchange_leaves_the_biased_law_unchanged(parity):
    before = started(2)
    after = exchange(jax.random.key(3), before, own, jnp.asarray(parity))
    moved = np.asarray(after.places.x != before.places.x)[..., 0]
    assert 0 < moved.mean() < 1
    assert not moved[:, 0 if parity else 2].any()  # the window without a partner
    assert min(p_values(after)) > ALARM
    np.testing.assert_allclose(after.s, np.sinh(np.asarray(after.places.x[..., 0])), rtol=1e-12)


def test_a_place_without_a_finite_energy_is_never_entered():
    def holed(x):
        places = visit(x)
        return places._replace(energy=jnp.where(x[..., 0] > 0, jnp.nan, places.energy))

    step = jax.jit(
        lambda key, walkers: attempt(key, walkers, jnp.full(3, 0.3), own, own_slope, holed, look).walkers
    )
    walkers = look(holed(jnp.full((200, 3, 1), -0.5)))
    for key in jax.random.split(jax.random.key(4), 20):
        walkers = step(key, walkers)
    assert bool(jnp.all(walkers.places.x <= 0)) and bool(jnp.all(jnp.isfinite(walkers.places.energy)))
