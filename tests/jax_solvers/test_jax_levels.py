"""Fluxes through level sets: what they demand of wrong values on right levels, against quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import levels
from mfbench_jax.blocks.levels import BINS, EDGES, WIDTH

MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2


def warped(z):
    """logit q of a solution whose logit is z: slopes between .5 and 1.5, offsets of up to 3."""
    return z + 3.0 * np.sin(z / 6.0)


def energies(of=warped, nodes=200):
    """int |grad f|^2 dmu between the edges, in units of beta nu: int (df/dq)^2 dq, Gauss-Legendre in z."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    z = MIDDLES[:, None] + WIDTH / 2 * at
    slope = (of(z + 1e-4) - of(z - 1e-4)) / 2e-4
    q = of(z)
    # df/dq = f (1 - f) / (q (1 - q) dlogit q/dz) and dq = q (1 - q) dlogit q/dz dz.
    log_f, log_q = (-np.logaddexp(0, -y) - np.logaddexp(0, y) for y in (z, q))
    return np.sum(WIDTH / 2 * weight * np.exp(2 * log_f - log_q) / slope, axis=1)


def test_steps_are_differences_of_the_sigmoid():
    f = 1.0 / (1.0 + np.exp(-EDGES))
    middle = np.abs(MIDDLES) < 5
    np.testing.assert_allclose(np.exp(levels.log_steps())[middle], np.diff(f)[middle], rtol=1e-11)
    # Far out the ratio of neighbours is e^width: nothing is lost.
    np.testing.assert_allclose(np.diff(levels.log_steps())[[0, -1]], [WIDTH, -WIDTH], rtol=1e-9)


def test_amounts_fall_into_the_bin_of_their_logit():
    z = jnp.asarray([-1e9, -0.1, 0.1, 2.3 * WIDTH, 1e9])
    found = levels.binned(z, jnp.arange(1.0, 6.0))
    np.testing.assert_array_equal(jnp.sum(found, axis=-1), jnp.arange(1.0, 6.0))
    np.testing.assert_array_equal(
        jnp.argmax(found, axis=-1), [0, BINS // 2 - 1, BINS // 2, BINS // 2 + 2, BINS - 1]
    )
    slab = np.flatnonzero(levels.in_slab())
    np.testing.assert_allclose(1 / (1 + np.exp(-EDGES[[slab[0], slab[-1] + 1]])), levels.SLAB, rtol=1e-12)


def test_the_exact_committor_has_one_flux_and_needs_no_shift():
    flux = levels.relative_flux(jnp.asarray(energies(of=lambda z: z)))
    np.testing.assert_allclose(flux, 1.0, rtol=1e-8)
    np.testing.assert_allclose(levels.shift(flux, jnp.full(BINS, 1e-9)), 0.0, atol=1e-7)


def test_wrong_values_on_right_levels_come_right():
    """Of second order in the width of the bins: offsets of 3 shrink to a few hundredths."""
    flux = levels.relative_flux(jnp.asarray(energies()))
    shift = levels.shift(flux, jnp.full(BINS, 1e-9))
    z = np.linspace(-25.0, 25.0, 501)
    error = np.asarray(levels.shifted(shift, jnp.asarray(z))) - warped(z)
    assert np.max(np.abs(warped(z) - z)) > 2.9
    assert np.max(np.abs(error)) < 0.04


def test_the_flux_of_what_comes_out_is_that_of_the_committor():
    """The harmonic mean: D[h o f] = 1 / int dc / J(c) is beta nu again, while D[f] is far above it."""
    energy = energies()
    steps = np.exp(levels.log_steps())
    assert np.sum(energy) > 1.1
    assert np.sum(steps) / np.sum(steps**2 / energy) == pytest.approx(1.0, abs=1e-2)


def test_noise_is_not_believed_where_training_knows_better():
    rng = np.random.default_rng(1)
    flux = jnp.asarray(np.exp(0.1 * rng.standard_normal(BINS)))
    shift = np.asarray(levels.shift(flux, 0.1 * flux))
    # Measured deviations of 10 % against a prior of 2 % in the middle: a twenty-sixth of them counts.
    assert np.max(np.abs(shift[np.abs(EDGES) < 1])) < 0.02
    assert np.max(np.abs(shift)) < 0.3


def test_bins_that_nobody_saw_follow_their_neighbours():
    flux = np.zeros(BINS)
    assert np.all(np.asarray(levels.shift(jnp.asarray(flux), jnp.zeros(BINS))) == 0)
    assert np.all(np.asarray(levels.shift(jnp.full(BINS, jnp.nan), jnp.full(BINS, jnp.nan))) == 0)
    full = np.asarray(levels.relative_flux(jnp.asarray(energies())))
    sparse = np.where((np.arange(BINS) % 3 == 0) & (np.abs(MIDDLES) < 20), full, 0.0)
    one, other = (np.asarray(levels.shift(jnp.asarray(j), jnp.full(BINS, 1e-9))) for j in (full, sparse))
    # Bins lie 1.3 apart now, whose curvature counts a tenth; levels cut off at 20 count exp(-distance).
    inside = np.abs(EDGES) < 15
    np.testing.assert_allclose(one[inside], other[inside], atol=0.1)
    outside = np.abs(EDGES) > 22
    for side in (EDGES < 0, EDGES > 0):
        assert np.ptp(other[outside & side]) < 1e-3  # constant beyond: f keeps its law next to A and B


def test_shifts_are_monotone_and_differentiable_between_edges():
    rng = np.random.default_rng(2)
    flux = jnp.asarray(np.exp(2.0 * rng.standard_normal(BINS)))
    shift = levels.shift(flux, 1e-6 * flux)
    z = jnp.linspace(-45.0, 45.0, 5001)
    out = levels.shifted(shift, z)
    assert np.all(np.diff(np.asarray(out)) > 0)
    slope = jax.vmap(jax.grad(lambda z: levels.shifted(shift, z)))(z)
    difference = (levels.shifted(shift, z + 1e-6) - levels.shifted(shift, z - 1e-6)) / 2e-6
    near_edge = np.abs((np.asarray(z) / WIDTH) % 1 - 0.5) > 0.499
    # Round-off of the difference: 45 times 2e-16 over 1e-6.
    np.testing.assert_allclose(slope[~near_edge], difference[~near_edge], rtol=1e-6, atol=2e-8)


def test_what_walkers_left_outside_the_windows_does_not_move_the_levels():
    """A mean that nobody feeds fades: twelve powers of e too small a flux, in every ladder alike, and so no error."""
    middles = (levels.EDGES[1:] + levels.EDGES[:-1]) / 2
    flux = np.where(np.abs(middles) < 8.0, 1.0, 0.0)
    flux[np.abs(middles + 14.0) < 1.0] = np.exp(-12.0)
    flux = jnp.asarray(flux)
    assert np.max(np.abs(np.asarray(levels.shift(flux, 1e-3 * flux)))) > 5
    np.testing.assert_allclose(levels.shift(flux, 1e-3 * flux, -6.0, 6.0), 0.0, atol=1e-7)
