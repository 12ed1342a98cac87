"""Umbrella weights against direct integration: windows of parabolas on the standard normal law."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks.emus import effective_share, masses, shares
from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.sampler import Walkers, exchange
from mfbench_jax.blocks.windows import FAR, Windows, bias, bias_slope, spread

NODES = np.linspace(-9.0, 9.0, 40_001)
LAW = np.exp(-(NODES**2) / 2) / np.sum(np.exp(-(NODES**2) / 2))


@pytest.fixture
def windows():
    return spread(jnp.float64(-4.0), jnp.float64(4.0), jnp.asarray([0.3, -0.2, 0.0, 0.1, -0.1, 0.0, 0.2]))


def window_laws(windows):
    """(n, L) law of s in each window, and the exact masses (L,)."""
    joint = LAW[:, None] * np.exp(-np.asarray(bias(windows, jnp.asarray(NODES)[:, None])))
    return joint / joint.sum(axis=0), joint.sum(axis=0)


def test_the_overlap_matrix_of_the_exact_laws_gives_the_exact_masses(windows):
    laws, exact = window_laws(windows)
    share, _ = shares(bias(windows, jnp.asarray(NODES)[:, None]))
    z = masses(jnp.asarray(laws.T @ np.asarray(share)))
    np.testing.assert_allclose(z, exact / exact.sum(), rtol=1e-9)


def test_means_under_the_unbiased_law_come_back(windows):
    laws, exact = window_laws(windows)
    _, log_total = shares(bias(windows, jnp.asarray(NODES)[:, None]))
    inverse = np.exp(-np.asarray(log_total))
    for g, mean in ((NODES**2, 1.0), (NODES**4, 3.0), (NODES, 0.0)):
        estimate = np.sum(exact * (laws.T @ (g * inverse))) / np.sum(exact * (laws.T @ inverse))
        assert estimate == pytest.approx(mean, abs=1e-9)


def test_masses_from_draws_agree_within_their_error(windows):
    """|t| < 7 for 8 windows over 30 independent repeats: false alarm below 1e-6."""
    laws, exact = window_laws(windows)
    rng = np.random.default_rng(1)
    logs = []
    for _ in range(30):
        draws = np.stack([np.interp(rng.random(4000), np.cumsum(law), NODES) for law in laws.T], axis=1)
        share, _ = shares(bias(windows, jnp.asarray(draws)[..., None]))
        logs.append(np.log(np.asarray(masses(jnp.mean(share, axis=0)))))
    error = np.std(logs, axis=0, ddof=1) / np.sqrt(len(logs))
    assert np.all(error < 0.02)
    # The logarithm of a noisy mass is biased by half its variance, below a tenth of the error bar.
    assert np.all(np.abs(np.mean(logs, axis=0) - np.log(exact / exact.sum())) < 7 * error)


def test_masses_keep_their_digits_over_forty_decades_of_e():
    """A birth-death chain obeys detailed balance, so its masses are a product; in float32."""
    number, up = 15, np.exp(-3.0) / 10
    chain = np.diag(np.full(number - 1, up), 1) + np.diag(np.full(number - 1, 0.1), -1)
    chain += np.diag(1.0 - chain.sum(axis=1))
    z = masses(jnp.asarray(chain, jnp.float32))
    np.testing.assert_allclose(np.diff(np.log(np.asarray(z))), -3.0, atol=1e-4)


def test_windows_that_never_met_have_finite_masses():
    z = masses(jnp.eye(6))
    assert np.all(np.isfinite(z)) and np.all(np.asarray(z) > 0)


def test_outer_windows_are_open_outwards_and_slopes_are_derivatives(windows):
    outside = jnp.asarray([[-30.0], [30.0]])
    values = bias(windows, outside)
    assert values[0, 0] == 0.0 and values[1, -1] == 0.0 and values[0, -1] > 100 and values[1, 0] > 100
    points = jnp.linspace(-5.0, 5.0, 11)
    for s in points:
        slope = jax.jacfwd(lambda s: bias(windows, s))(s)
        np.testing.assert_allclose(slope, bias_slope(windows, s), rtol=1e-12)


def test_stiffness_follows_the_spacing():
    windows = spread(jnp.float64(-2.0), jnp.float64(2.0), jnp.zeros(4))
    assert isinstance(windows, Windows)
    np.testing.assert_allclose(windows.centres, [-2, -1, 0, 1, 2], atol=1e-12)
    np.testing.assert_allclose(windows.stiffness, 2.0)


@pytest.fixture
def uneven():
    """Distances that differ by factors of up to e^2, as placement allows."""
    shares = jnp.asarray([1.0, -1.0, 0.2, -1.0, 1.0, 0.0, -0.5, 1.0, -1.0])
    return spread(jnp.float64(-5.0), jnp.float64(5.0), shares)


def test_next_to_its_centre_a_window_has_its_own_stiffness(uneven):
    stiffness = uneven.stiffness[1:-1]
    assert jnp.max(stiffness) > 3.0 * jnp.min(stiffness)
    spacing = jnp.diff(uneven.centres)
    own = 0.5 * (spacing[1:] + spacing[:-1])
    for share in (-0.99, -0.1, 0.1, 0.99):
        t = jnp.pad(share * FAR * own, 1)
        np.testing.assert_allclose(
            bias(uneven, uneven.centres + t)[1:-1], stiffness * t[1:-1] ** 2 / 2, rtol=1e-9
        )


@pytest.mark.parametrize("s", [300.0, 1e4, 1e6])
def test_far_away_the_nearer_window_is_the_lower(uneven, s):
    for sign in (-1.0, 1.0):
        heights = bias(uneven, jnp.asarray([sign * s]))
        assert jnp.all(jnp.diff(heights) * sign < 0)
        slope = jax.jacfwd(lambda s: bias(uneven, s))(jnp.float64(sign * s))
        np.testing.assert_allclose(slope, bias_slope(uneven, jnp.float64(sign * s)), rtol=1e-12)


def test_exchanges_lead_a_walker_home_that_is_far_away(uneven):
    """It has entered A, where z falls to -1e6, under a window on B's side; each window's own walker is at its centre."""
    number = len(uneven.centres)
    s = uneven.centres.at[number - 3].set(-1e6)[None]
    none = jnp.zeros((1, number))
    places = Places(s[..., None], none, none[..., None], s, none[..., None], none == 0.0)
    walkers = Walkers(places, s, jnp.ones_like(s)[..., None])
    for look, key in enumerate(jax.random.split(jax.random.key(0), 60)):
        walkers = exchange(key, walkers, lambda s: bias(uneven, s), jnp.asarray(look % 2))
    assert int(jnp.argmin(walkers.s[0])) == 0


def test_effective_share():
    assert effective_share(jnp.ones((3, 4))) == pytest.approx(1.0)
    assert effective_share(jnp.asarray([1.0, 0.0, 0.0, 0.0])) == pytest.approx(0.25)
