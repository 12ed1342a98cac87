"""EMUS weights, running estimates and window placement against quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import levels, placement, running
from mfbench_jax.blocks.emus import masses, shares
from mfbench_jax.blocks.ritz import energy_density
from mfbench_jax.blocks.sampler import Walkers
from mfbench_jax.blocks.windows import bias, spread

AXIS = np.linspace(-12.0, 12.0, 24_001)
LAW = np.exp(-(AXIS**2) / 2.0) / np.sum(np.exp(-(AXIS**2) / 2.0))
"""A standard normal law on a fine axis: sums over it are integrals to round-off."""


@pytest.fixture
def windows():
    return spread(jnp.float64(-3.0), jnp.float64(3.0), jnp.linspace(-0.3, 0.3, 6))


def in_windows(windows):
    """phi_m / c (N, L), log c (N,) on the axis, and the windows' laws (L, N)."""
    phi_share, log_total = shares(bias(windows, jnp.asarray(AXIS)[:, None]))
    phi = np.exp(-np.asarray(bias(windows, jnp.asarray(AXIS)[:, None]))).T
    laws = LAW * phi
    return np.asarray(phi_share), np.asarray(log_total), laws / np.sum(laws, axis=1, keepdims=True)


def test_exact_overlaps_give_exact_masses(windows):
    phi_share, _, laws = in_windows(windows)
    phi = np.exp(-np.asarray(bias(windows, jnp.asarray(AXIS)[:, None])))
    truth = LAW @ phi
    found = np.asarray(masses(jnp.asarray(laws @ phi_share)))
    np.testing.assert_allclose(found, truth / np.sum(truth), rtol=1e-9)


def test_masses_keep_relative_accuracy_over_many_decades():
    """A birth-death chain with known ratios of e^3 between neighbours, e^57 in all."""
    number = 20
    up, down = 0.4 * np.exp(-3.0), 0.4
    matrix = np.diag(np.full(number - 1, up), 1) + np.diag(np.full(number - 1, down), -1)
    matrix += np.diag(1.0 - matrix.sum(axis=1))
    found = np.asarray(masses(jnp.asarray(matrix)))
    # The floor between neighbours moves each ratio by 1e-12 / up.
    np.testing.assert_allclose(np.log(found[1:] / found[:-1]), -3.0, atol=1e-9)


def test_walkers_weights_reproduce_means_under_the_law(windows):
    """Draws from each window's law: E[s^2] = 1 within 4.4 standard errors (false alarms 1e-5)."""
    rng = np.random.default_rng(3)
    phi_share, log_total, laws = in_windows(windows)
    ladders = 4000
    index = np.stack([rng.choice(len(AXIS), ladders, p=law) for law in laws], axis=1)
    inverse = np.exp(-log_total[index])
    seen = running.Running(
        jnp.asarray(phi_share[index]), jnp.asarray(inverse), jnp.asarray(inverse)[..., None]
    )
    weights = np.asarray(running.weights_of(seen)) * inverse
    blocks = (weights * AXIS[index] ** 2).sum(axis=1)
    error = abs(np.mean(blocks) - 1.0) / (np.std(blocks) / ladders**0.5)
    assert error < 4.4


def test_rates_of_an_exact_slab_and_a_form_and_their_jackknives(windows):
    """With |grad f|^2 = 1, and in the slab where s > 0: mu(s > 0) = 1/2, of 1; covered at 4.4 errors each."""
    rng = np.random.default_rng(4)
    phi_share, log_total, laws = in_windows(windows)
    index = np.stack([rng.choice(len(AXIS), 400, p=law) for law in laws], axis=1)
    inverse = np.exp(-log_total[index])
    logit = jnp.where(AXIS[index] > 0, 0.1, 3.0)
    energy = levels.binned(logit, jnp.asarray(inverse))
    seen = running.Running(jnp.asarray(phi_share[index]), jnp.asarray(inverse), energy)
    rates, errors = running.rates(seen, beta=2.0)
    assert 0 < errors[0] < 0.05
    assert abs(rates[0] - 0.5 / (2.0 * 0.4)) < 4.4 * errors[0]
    # All of it is the mean of a constant: exact whatever the draws.
    np.testing.assert_allclose(rates[1], 1.0 / 2.0, rtol=1e-12)
    assert errors[1] < 1e-12


def test_running_means_forget_at_the_stated_pace():
    old, new = (
        running.nothing(2, 3),
        running.Running(jnp.zeros((2, 3, 3)), jnp.full((2, 3), 5.0), jnp.ones((2, 3, levels.BINS))),
    )
    first = running.updated(old, new, jnp.asarray(0), memory=50)
    np.testing.assert_allclose(first.inverse, 5.0)
    later = running.updated(old, new, jnp.asarray(1000), memory=50)
    np.testing.assert_allclose(later.inverse, 1.0 + 4.0 / 150.0)


def test_energy_density_is_the_gradient_of_the_sigmoid():
    z, slope = (
        jnp.asarray([-2.0, 0.5, 40.0, 3.0]),
        jnp.asarray([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]),
    )
    free = jnp.asarray([True, True, True, False])
    f = 1.0 / (1.0 + np.exp(-np.asarray(z)))
    expected = (f * (1.0 - f)) ** 2 * np.sum(np.asarray(slope) ** 2, axis=1)
    expected[2], expected[3] = np.exp(-80.0) * 2.0, 0.0
    np.testing.assert_allclose(energy_density(z, slope, free), expected, rtol=1e-12)


def biases_at(stand, s):
    """(R, L, L) of walkers at logits s (R, L) in all windows."""
    return bias(placement.windows_of(stand, jnp.float64), s[..., None])


@pytest.mark.slow
def test_range_follows_the_outer_walkers_and_stays_where_nobody_is_free():
    ladders, number = 7, 5
    start = placement.start(number, in_logit=True)
    s = jnp.tile(jnp.asarray([-9.0, -1.0, 0.0, 1.0, 9.0]), (ladders, 1))
    places = type("Places", (), {"free": jnp.ones((ladders, number), bool).at[:, -1].set(False)})
    walkers = Walkers(places, s, None)
    stand = start
    for _ in range(600):
        stand = placement.moved(stand, walkers, biases_at(stand, s))
    assert float(stand.low) == pytest.approx(-9.0 + placement.BEYOND, abs=1e-3)
    assert float(stand.high) == 3.0


def test_windows_settle_but_where_they_are_far_off():
    """Late in a run an end moves by a thousandth of the way where it is about right, and as ever where it is not."""
    late = placement.settling(19 * placement.SETTLING)
    stand, number, ladders = placement.start(5, in_logit=True), 5, 7
    way = 0.5 * placement.NEAR  # of the lower end; the upper one is off by ten times as much
    low, high = -3.0 - placement.BEYOND - way, 3.0 + placement.BEYOND + 10.0 * way
    s = jnp.tile(jnp.asarray([low, -1.5, 0.0, 0.5, high]), (ladders, 1))
    places = type("Places", (), {"free": jnp.ones((ladders, number), bool)})
    biases = biases_at(stand, s)
    after = placement.moved(stand, Walkers(places, s, None), biases, late)
    first = placement.moved(stand, Walkers(places, s, None), biases)
    assert float(stand.low - after.low) == pytest.approx(placement.GAIN / 20 * way)
    assert float(after.high - stand.high) == pytest.approx(
        placement.GAIN * (10.0 * way - placement.NEAR) + placement.GAIN / 20 * placement.NEAR
    )
    assert float(stand.low - first.low) == pytest.approx(placement.GAIN * way)
    np.testing.assert_allclose(after.shares, first.shares / 20, rtol=1e-9)
    assert np.any(np.abs(np.asarray(first.shares)) > 0.0)


def test_windows_whose_walkers_never_meet_do_not_close_up():
    """A gap in the logit that no window mends: distances stop at e^2 of the widest, or steps would vanish with them."""
    stand = placement.start(6, in_logit=True)
    s = jnp.tile(jnp.asarray([-9.0, -8.0, -7.0, 7.0, 8.0, 9.0]), (8, 1))
    places = type("Places", (), {"free": jnp.ones(s.shape, bool)})
    advance = jax.jit(lambda stand: placement.moved(stand, Walkers(places, s, None), biases_at(stand, s)))
    for _ in range(600):
        stand = advance(stand)
    distances = np.diff(placement.windows_of(stand, jnp.float64).centres)
    assert np.max(distances) / np.min(distances) <= np.exp(2.0) * (1 + 1e-9)
    assert np.min(distances) < 0.5 * np.max(distances), "they shrink where walkers do not meet"
