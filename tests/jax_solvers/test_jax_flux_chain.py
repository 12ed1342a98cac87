"""The rate from fluxes and overlaps of windows: exact on a line whose committor is known, and covered by its jackknife."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

from mfbench_jax.blocks.emus import shares
from mfbench_jax.blocks.flux_chain import flux_of, rate_of
from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.sampler import Walkers
from mfbench_jax.blocks.windows import bias, spread

BETA = 2.0
SETS = 40.0
"""Logit inside A, with a minus, and inside B."""


@dataclass(frozen=True)
class Line:
    """A barrier of 5 kT on 0 < x < 1 between A, of mass .3 of what lies there, and B, of .5: nodes and their masses.

    `logit`, `square` and `free` as a solver sees them: z, z'^2, outside A and B. `rate` by quadrature.
    """

    mass: np.ndarray
    logit: np.ndarray
    square: np.ndarray
    free: np.ndarray
    rate: float


@pytest.fixture(scope="module")
def line():
    t = np.linspace(-34.0, 34.0, 68_001)
    x, measure = 1.0 / (1.0 + np.exp(-t)), 1.0 / (4.0 * np.cosh(t / 2.0) ** 2) * (t[1] - t[0])
    energy = 5.0 * np.sin(np.pi * x) ** 2 + 2.0 * x
    resistance = np.exp(energy) * measure / (t[1] - t[0])
    before = cumulative_trapezoid(resistance, t, initial=0.0)
    after = -cumulative_trapezoid(resistance[::-1], t[::-1], initial=0.0)[::-1]
    inner = slice(1, -1)
    slope = np.exp(energy[inner]) * before[-1] / before[inner] / after[inner]
    between = np.exp(-energy) * measure
    mass = np.concatenate([[0.3 * between.sum()], between[inner], [0.5 * between.sum()]])
    return Line(
        mass / mass.sum(),
        np.concatenate([[-SETS], np.log(before[inner] / after[inner]), [SETS]]),
        np.concatenate([[0.0], slope**2, [0.0]]),
        np.concatenate([[False], np.ones(len(t) - 2, bool), [False]]),
        1.0 / (BETA * before[-1] * mass.sum()),
    )


@pytest.fixture
def windows():
    return spread(jnp.float64(-7.0), jnp.float64(8.0), jnp.linspace(-0.3, 0.3, 9))


def laws_of(line, windows):
    """Of the windows, (L, N)."""
    phi = np.exp(-np.asarray(bias(windows, jnp.asarray(line.logit)[:, None]))).T * line.mass
    return phi / phi.sum(axis=1, keepdims=True)


def flux_at(line, windows, index):
    """`flux_of` at nodes (R, L)."""
    slope = jnp.sqrt(jnp.asarray(line.square))[index][..., None]
    nothing = jnp.zeros(index.shape)
    places = Places(
        nothing[..., None], nothing, nothing[..., None], nothing, nothing[..., None], line.free[index]
    )
    return np.asarray(flux_of(windows, Walkers(places, jnp.asarray(line.logit)[index], slope)))


def drawn(line, windows, seed, looks=400):
    """Overlaps, 1 / c and fluxes of 24 ladders, means of independent draws of the windows' laws, and the centres."""
    rng = np.random.default_rng(seed)
    index = np.stack(
        [rng.choice(len(line.mass), (24, looks), p=law) for law in laws_of(line, windows)], axis=-1
    )
    share, log_total = shares(bias(windows, jnp.asarray(line.logit)[index][..., None]))
    seen = share, jnp.exp(-log_total), flux_at(line, windows, index)
    return *(np.array(jnp.mean(part, axis=1)) for part in seen), np.asarray(windows.centres)


def test_exact_means_give_the_exact_rate(line, windows):
    number, nodes = len(windows.centres), len(line.mass)
    laws = laws_of(line, windows)
    share, log_total = shares(bias(windows, jnp.asarray(line.logit)[:, None]))
    every = np.broadcast_to(np.arange(nodes)[:, None], (nodes, number))
    flux = np.einsum("ln,nl->l", laws, flux_at(line, windows, every))
    twice = [np.stack([part] * 2) for part in (laws @ np.asarray(share), laws @ np.exp(-log_total), flux)]
    found = rate_of(*twice, np.asarray(windows.centres), BETA)
    np.testing.assert_allclose(found.value, line.rate, rtol=1e-5)
    assert found.error < 1e-9 * found.value


def test_draws_give_the_rate_within_its_error_and_closer_than_overlaps_do(line, windows):
    """Within 4.4 standard errors (false alarms 2e-4 by Student's t with 23 degrees of freedom; the seed is fixed)."""
    overlap, inverse, flux, centres = drawn(line, windows, 5)
    found = rate_of(overlap, inverse, flux, centres, BETA)
    assert found.believed == 1.0 and 0 < found.error < 0.1 * found.value
    assert abs(found.value - line.rate) < 4.4 * found.error
    wild = flux * np.where(np.arange(len(centres)) == len(centres) // 2, 1.0, 1e6)
    alone = rate_of(overlap, inverse, wild, centres, BETA)
    assert alone.believed == pytest.approx(1 / 8) and alone.error > found.error
    assert abs(alone.value - line.rate) < 4.4 * alone.error


@pytest.mark.parametrize("wrong", [1, 2, 7, 8])
def test_where_overlaps_contradict_a_flux_they_go_on(line, windows, wrong):
    """As where z is wrong in a basin: from a window outwards fluxes are half of what they are along q."""
    overlap, inverse, flux, centres = drawn(line, windows, 6)
    middle = 1 + int(np.argmin(np.abs(centres[1:-1])))
    assert (wrong < middle) == (wrong < 5)
    beyond = np.arange(len(centres)) <= wrong if wrong < middle else np.arange(len(centres)) >= wrong
    found = rate_of(overlap, inverse, np.where(beyond, 0.5, 1.0) * flux, centres, BETA)
    assert 0.0 < found.believed < 1.0
    assert abs(found.value - line.rate) < 4.4 * found.error


@pytest.mark.parametrize("outer", [0, -1])
def test_the_open_windows_own_fluxes_do_not_matter(line, windows, outer):
    overlap, inverse, flux, centres = drawn(line, windows, 7)
    other = flux.copy()
    other[:, outer] = 0.0
    assert rate_of(overlap, inverse, flux, centres, BETA) == rate_of(overlap, inverse, other, centres, BETA)


def test_windows_that_have_not_met_tell_no_rate(line, windows):
    overlap, inverse, flux, centres = drawn(line, windows, 8)
    overlap[:, 3, 4] = 0.0
    assert rate_of(overlap, inverse, flux, centres, BETA) is None
