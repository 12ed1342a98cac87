"""Tempered walkers of `particle-sgd`: weighted means against quadrature, and a trial on them."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context
from mfbench_jax.blocks.emus import effective_share
from mfbench_jax.blocks.hot_law import weights_of
from mfbench_jax.blocks.landscape import Places, value_and_slope
from mfbench_jax.blocks.sampler import Walkers, attempt
from mfbench_jax.particle_sgd import solve
from mfbench_jax.particle_sgd_entry import MeanField

HEAT = 3.0
WALKERS = 4000
SIGMAS = 4.0
"""Of every weighted mean, of which three are asked for: a false alarm once in 5000."""


def energy(x):
    """Two wells 8 kT deep, of which the second one is tilted up and coupled to its neighbour."""
    return 8.0 * (x[:, 0] ** 2 - 1.0) ** 2 + 1.5 * x[:, 0] + 2.0 * (x[:, 1] - 0.5 * x[:, 0]) ** 2


def visit(x):
    value, slope = value_and_slope(energy, x.reshape(-1, 2))
    zero = jnp.zeros(x.shape[:-1])
    return Places(x, value.reshape(zero.shape), slope.reshape(x.shape), zero, jnp.zeros_like(x), zero == 0)


def observed(x):
    return jnp.stack([x[..., 0], x[..., 1] ** 2, (x[..., 0] > 0.0).astype(float)], axis=-1)


def quadrature(heat):
    """Means of the three under exp(-E / heat), and the effective share of its weights under exp(-E)."""
    axis = np.linspace(-3.5, 3.5, 701)
    x = jnp.asarray(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2))
    e = energy(x)
    hot, cold = jnp.exp(-e / heat), jnp.exp(-e)
    weight = cold / hot
    share = jnp.sum(cold) ** 2 / (jnp.sum(hot) * jnp.sum(weight * cold))
    return (
        np.asarray(observed(x).T @ cold / jnp.sum(cold)),
        np.asarray(observed(x).T @ hot / jnp.sum(hot)),
        share,
    )


@pytest.fixture(scope="module")
def walked():
    """Walkers, independent of each other, after so many hot steps that the two wells have exchanged them."""

    def look(places):
        return Walkers(places, jnp.zeros_like(places.lift), jnp.zeros_like(places.x))

    def move(walkers, key):
        size, nothing = jnp.full(1, 0.1), jnp.zeros_like
        return attempt(key, walkers, size, nothing, nothing, visit, look, HEAT).walkers, None

    @jax.jit
    def run(start, key):
        return jax.lax.scan(move, look(visit(start)), jax.random.split(key, 600))[0].places

    start = jnp.where(jnp.arange(WALKERS)[:, None, None] % 2, 1.0, -1.0) * jnp.ones((WALKERS, 1, 2))
    return run(start, jax.random.key(7))


def test_weighted_means_are_those_of_mu(walked):
    cold, hot, share = quadrature(HEAT)
    weights, found = weights_of(walked, HEAT), observed(walked.x)
    means = jnp.mean(weights[..., None] * found, axis=(0, 1))
    error = jnp.sqrt(jnp.sum(weights[..., None] ** 2 * (found - means) ** 2, axis=(0, 1))) / WALKERS
    assert np.all(np.abs(means - cold) < SIGMAS * error)
    assert np.all(np.abs(hot - cold) > 3 * SIGMAS * error), (
        "walkers without their weights would be seen to be wrong"
    )
    assert float(jnp.mean(weights)) == pytest.approx(1.0)
    assert float(effective_share(weights)) == pytest.approx(float(share), rel=0.1)


def test_weights_do_not_depend_on_the_zero_of_energy_nor_overflow(walked):
    for zero in (-1e4, 1e4):
        moved = walked._replace(energy=walked.energy + zero)
        np.testing.assert_allclose(weights_of(moved, HEAT), weights_of(walked, HEAT), rtol=1e-9)


def test_walkers_of_mu_all_weigh_the_same():
    assert np.array_equal(weights_of(visit(jnp.ones((5, 1, 2))), 1.0), 1.0)


@pytest.mark.parametrize("heat", [0.99, 0.0, -2.0, float("inf"), float("nan")])
def test_colder_walkers_are_refused(heat):
    with pytest.raises(ValueError, match=f"heat is {heat}; expected a finite number >= 1"):
        MeanField(heat=heat)


@pytest.mark.slow
def test_hot_walkers_learn(well):
    """At T = .3, where walkers of mu rarely cross, those of three times the temperature do."""
    problem, judge = well
    context = Context(seed=4, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    parameters = MeanField(particles=64, walkers=128, moves=2, heat=HEAT)
    first, *_, last = itertools.islice(solve(problem, parameters, context), 201)
    errors = [
        judge.headline(np.asarray(one.evaluate(one.state, judge.inquiry.looks))).value
        for one in (first, last)
    ]
    assert errors[1] < 0.3 * errors[0]
    assert 0.0 < last.reports["weight_ess"] < 1.0
    excess = last.reports["rate"] / judge.rate.value - 1.0
    assert 0.0 < excess < 0.5, "the energy of any f is above that of q, by what f lacks"
