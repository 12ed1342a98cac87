"""The penalty on boundary values and the law of hot walkers are those of the jax twins on the same inputs."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench import Context
from mfbench_jax.blocks import hot_law as jax_hot_law
from mfbench_jax.blocks import landscape as jax_landscape
from mfbench_jax.blocks import lift as jax_lift
from mfbench_jax.blocks import penalty as jax_penalty
from mfbench_jax.blocks import sampler as jax_sampler
from mfbench_jax.is_sgd_entry import AS_PUBLISHED
from mfbench_torch.blocks import hot_law, landscape, lift, penalty, sampler
from mfbench_torch.is_sgd import solve
from mfbench_torch.is_sgd_entry import ImportanceSampling


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def x(problem):
    """Places (6, 5, d), some of them in A and in B."""
    x = np.random.default_rng(2).uniform(*problem.box, size=(6, 5, problem.dim))
    x[0, :3], x[1, :3] = problem.start_a[:3], problem.start_b[:3]
    return x


@pytest.fixture
def places(problem, x):
    return (
        landscape.survey(problem, lift.no_lift)(torch.tensor(x)),
        jax_landscape.survey(problem, jax_lift.no_lift)(jnp.asarray(x)),
    )


@pytest.fixture
def walkers(problem, x):
    """Under the lift, with logits of their own."""
    s = np.random.default_rng(5).standard_normal(x.shape[:2])
    ours = landscape.survey(problem, lift.lift_of(problem, 0.2))(torch.tensor(x))
    theirs = jax_landscape.survey(problem, jax_lift.lift_of(problem, 0.2))(jnp.asarray(x))
    return (
        sampler.Walkers(ours, torch.tensor(s), ours.lift_slope),
        jax_sampler.Walkers(theirs, jnp.asarray(s), theirs.lift_slope),
    )


def test_walkers_inside_the_sets(walkers):
    ours, theirs = penalty.at_walkers(torch.zeros(1), walkers[0]), jax_penalty.at_walkers(None, walkers[1])
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-13)
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert torch.any(ours[1]) and torch.any(ours[2])


@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_penalties_and_their_slopes(problem, walkers, shift):
    """For a contrast as it should be, and for a f that is 1 everywhere."""
    params = np.random.default_rng(3).standard_normal(problem.dim)

    def ours(p):
        look = penalty.at_sets(problem, lambda p, rows: rows @ p + shift)
        return penalty.make_penalty(look, 100.0)(p, walkers[0])

    def theirs(p):
        look = jax_penalty.at_sets(problem, lambda p, rows: rows @ p + shift)
        return jax_penalty.make_penalty(look, 100.0)(p, walkers[1])

    moving = torch.tensor(params).requires_grad_()
    value = ours(moving)
    (slope,) = torch.autograd.grad(value, moving)
    np.testing.assert_allclose(value.item(), theirs(params), rtol=1e-12)
    np.testing.assert_allclose(slope, jax.grad(theirs)(jnp.asarray(params)), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("heat", [1.0, 3.0])
def test_weights_of_hot_walkers(problem, x, heat):
    places = landscape.survey(problem, lift.no_lift)(torch.tensor(x))
    twin = jax_landscape.survey(problem, jax_lift.no_lift)(jnp.asarray(x))
    np.testing.assert_allclose(
        hot_law.weights_of(places, heat), jax_hot_law.weights_of(twin, heat), rtol=1e-11
    )


@pytest.mark.slow
def test_boundary_values_are_learned(problem):
    context = Context(seed=11, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    asked = ImportanceSampling(windows=8, ladders=8, width=24, moves=3, boundary="penalty")
    last = next(itertools.islice(solve(problem, asked, context), 150, None))
    in_a, in_b = (
        np.asarray(last.evaluate(last.state, points)) for points in (problem.start_a, problem.start_b)
    )
    assert 0.0 < np.mean(in_a) < 0.1 and 0.0 < np.mean(1.0 - in_b) < 0.1, "learned, and not exact"


def test_the_variant_as_published_learns_its_boundary_values(problem):
    """All of the first paper's settings at once: after 120 updates A and B are told apart, which at first they are not."""
    context = Context(seed=11, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    asked = ImportanceSampling(windows=8, ladders=8, width=24, moves=3, **AS_PUBLISHED)
    run = solve(problem, asked, context)
    first = next(run)
    last = next(itertools.islice(run, 30, None))
    apart = [
        np.mean(ch.evaluate(ch.state, problem.start_b)) - np.mean(ch.evaluate(ch.state, problem.start_a))
        for ch in (first, last)
    ]
    assert abs(apart[0]) < 0.2 < 0.5 < apart[1]
    assert np.all(np.isfinite(list(last.reports.values())))
