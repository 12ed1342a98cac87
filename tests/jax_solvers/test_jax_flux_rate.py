"""The rate from the flux within windows: exact on a line whose committor is known, and covered by its jackknife."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid

from mfbench_jax.blocks import running, umbrella
from mfbench_jax.blocks.emus import shares
from mfbench_jax.blocks.landscape import Places
from mfbench_jax.blocks.levels import BINS
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
    """`umbrella.flux_of` at nodes (R, L)."""
    slope = jnp.sqrt(jnp.asarray(line.square))[index][..., None]
    nothing = jnp.zeros(index.shape)
    places = Places(
        nothing[..., None], nothing, nothing[..., None], nothing, nothing[..., None], line.free[index]
    )
    return umbrella.flux_of(windows, Walkers(places, jnp.asarray(line.logit)[index], slope))


def seen_with(share, inverse):
    return running.Running(share, inverse, jnp.ones((*inverse.shape, BINS)))


def test_exact_means_give_the_exact_rate(line, windows):
    number, nodes = len(windows.centres), len(line.mass)
    laws = laws_of(line, windows)
    share, log_total = shares(bias(windows, jnp.asarray(line.logit)[:, None]))
    every = np.broadcast_to(np.arange(nodes)[:, None], (nodes, number))
    flux = np.einsum("ln,nl->l", laws, np.asarray(flux_at(line, windows, every)))
    twice = [
        jnp.stack([jnp.asarray(part)] * 2)
        for part in (laws @ np.asarray(share), laws @ np.exp(-log_total), flux)
    ]
    rate, error = running.flux_rate(seen_with(*twice[:2]), twice[2], BETA)
    np.testing.assert_allclose(rate, line.rate, rtol=1e-5)
    assert error < 1e-9 * rate


def test_draws_give_the_rate_within_its_error(line, windows):
    """Draws of the windows' laws, 24 ladders of 400 each: within 4.4 standard errors (false alarms 2e-4 by Student's t with
    23 degrees of freedom; the seed is fixed)."""
    rng, laws = np.random.default_rng(5), laws_of(line, windows)
    index = np.stack([rng.choice(len(line.mass), (24, 400), p=law) for law in laws], axis=-1)
    share, log_total = shares(bias(windows, jnp.asarray(line.logit)[index][..., None]))
    inverse = jnp.exp(-log_total)
    flux = jnp.mean(flux_at(line, windows, index), axis=1)
    seen = seen_with(jnp.mean(share, axis=1), jnp.mean(inverse, axis=1))
    rate, error = running.flux_rate(seen, flux, BETA)
    assert 0 < error < 0.1 * rate
    assert abs(rate - line.rate) < 4.4 * error


@pytest.mark.parametrize("outer", [0, -1])
def test_the_open_windows_own_means_do_not_matter(line, windows, outer):
    rng = np.random.default_rng(6)
    number = len(windows.centres)
    seen = seen_with(
        jnp.asarray(rng.dirichlet(np.ones(number), (3, number))),
        jnp.asarray(rng.uniform(0.5, 1.0, (3, number))),
    )
    flux = jnp.asarray(rng.uniform(0.5, 1.0, (3, number)))
    other = flux.at[:, outer].set(0.0)
    np.testing.assert_array_equal(running.flux_rate(seen, flux, BETA), running.flux_rate(seen, other, BETA))
