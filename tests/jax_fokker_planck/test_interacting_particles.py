"""Walkers under the force of each other: unbiased partners, the law of many, its density."""

from itertools import islice

import numpy as np
import pytest

from mfbench import Context
from mfbench.tasks.interaction import mean_force
from mfbench_fokker_planck import linear_mean_field
from mfbench_fokker_planck.entries.linear_mean_field import LinearMeanFieldParameters
from mfbench_jax.blocks.ensemble import Ensemble
from mfbench_jax.blocks.partners import PARTNERS, sampled_force
from mfbench_jax.particles import solve
from mfbench_jax.particles_entry import ParticlesParameters


@pytest.fixture(autouse=True)
def double_precision():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield


def bump(x, y):
    import jax.numpy as jnp

    return (y - x) * jnp.exp(-jnp.sum((x - y) ** 2, axis=-1, keepdims=True))


def test_partners_give_the_mean_force_of_all_others():
    """Over 4000 draws within 5 standard errors at 24 walkers in the plane; none of them is its own partner."""
    import jax

    x = jax.numpy.asarray(np.random.default_rng(0).standard_normal((24, 2)))
    keys = jax.random.split(jax.random.key(1), 4000)
    draws = np.asarray(jax.vmap(lambda key: sampled_force(bump, x, key))(keys))
    error = draws.std(axis=0) / np.sqrt(len(draws))
    truth = np.asarray(mean_force(bump, x, x)) * 24 / 23  # F(x, x) = 0
    assert np.max(np.abs(draws.mean(axis=0) - truth) / error) < 5
    alone = sampled_force(lambda a, b: 1.0 * (a == b), x, keys[0])
    assert not np.any(np.asarray(alone))


def test_equal_and_opposite_forces_add_up_to_nothing_where_they_are_linear():
    import jax

    x = jax.numpy.asarray(np.random.default_rng(0).standard_normal((50, 3)))
    force = sampled_force(lambda a, b: b - a, x, jax.random.key(3))
    np.testing.assert_allclose(np.sum(np.asarray(force), axis=0), 0.0, atol=1e-12)
    assert np.std(np.asarray(force)) > 0.1


def test_moments_are_those_of_the_scheme():
    """Euler-Maruyama of the law: m <- (1 - a h) m, v <- (1 - (a + k) h)^2 v + 2 D h, to 4 standard errors over batches.

    The scatter of few partners adds h^2 k^2 v / PARTNERS to v at each step, and n = 2000 walkers a share of 1 / n.
    """
    problem = linear_mean_field.build(LinearMeanFieldParameters(dim=1), 3)
    law = linear_mean_field.law_of(LinearMeanFieldParameters(dim=1), 3)
    ensemble = Ensemble(problem, 0.05, 10_000, np.random.default_rng(0))
    pull, attraction, noise = (
        linear_mean_field.PULL,
        linear_mean_field.ATTRACTION,
        linear_mean_field.DIFFUSION,
    )
    batches = [ensemble.run(2000) for _ in range(40)]
    mean, variance, begin = law.start[0], 1.0, 0.0
    for number, t in enumerate(problem.times):
        count = int(np.ceil((t - begin) / ensemble.step - 1e-9))
        h = (t - begin) / count
        for _ in range(count):
            mean *= 1 - pull * h
            variance = (1 - (pull + attraction) * h) ** 2 * variance + 2 * noise * h
            variance += h**2 * attraction**2 * variance / PARTNERS
        begin = t
        means = np.array([np.mean(batch[number]) for batch in batches])
        spreads = np.array([np.var(batch[number]) for batch in batches])
        assert abs(np.mean(means) - mean) < 4 * np.std(means) / np.sqrt(40)
        assert abs(np.mean(spreads) - variance) < 4 * np.std(spreads) / np.sqrt(40) + variance / 2000
    assert abs(variance / law.variance(t) - 1) > 0.02  # the bias of the scheme is there to be seen


def test_densities_of_two_batches():
    parameters = LinearMeanFieldParameters(dim=2)
    problem, judge = linear_mean_field.build(parameters, 0), linear_mean_field.judge(parameters, 0)
    context = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    *_, checkpoint = islice(solve(problem, ParticlesParameters(), context), 2)
    found = judge.headline(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks))
    # Means and spreads of 4000 walkers, each known to 1 / sqrt(4000), make d (d + 3) / 2 = 5 numbers at each time.
    assert found.value < 4 * np.sqrt(5 / 4000)
