"""Boundary values of the lifted ansatz, and its derivatives."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks import network
from mfbench_jax.blocks.ansatz import ansatz
from mfbench_jax.blocks.landscape import survey
from mfbench_jax.blocks.lift import depth_in, lift_of, log_rise


@pytest.fixture
def model(well):
    problem = well[0]
    return ansatz(problem, lift_of(problem, 0.2), network.apply)


@pytest.fixture
def random_network():
    """Far from the untrained one, so that the lift has something to hold against."""
    layers = network.perceptron(jax.random.key(0), 2, 16, 2, jnp.float32)
    last = jax.random.normal(jax.random.key(1), (16, 1), jnp.float32)
    return [*layers[:-1], network.Layer(last, layers[-1].bias + 2.0)]


def test_boundary_values_are_exact_whatever_the_network_says(well, model, random_network):
    problem = well[0]
    assert np.all(np.asarray(model.evaluate(random_network, problem.start_a)) == 0.0)
    assert np.all(np.asarray(model.evaluate(random_network, problem.start_b)) == 1.0)


def test_values_outside_lie_between_and_vanish_towards_a(well, model, random_network):
    problem = well[0]
    inside, outside = problem.start_a[0], problem.start_b[0]
    low, high = 0.0, 1.0  # bisection for the boundary of A along the way to B
    for _ in range(60):
        middle = 0.5 * (low + high)
        point = (inside + middle * (outside - inside))[None]
        low, high = (middle, high) if bool(problem.in_a(point)[0]) else (low, middle)
    steps = high + np.array([1e-5, 1e-4, 1e-3])
    values = np.asarray(model.evaluate(random_network, inside + steps[:, None] * (outside - inside)))
    assert np.all((values > 0) & (values < 1))
    # Linear in the distance: the slope q' at the boundary is finite and not zero.
    np.testing.assert_allclose(values[1] / values[0], 10.0, rtol=0.05)


def test_values_are_float64_and_the_gradient_is_their_derivative(well, model, random_network):
    problem = well[0]
    rng = np.random.default_rng(2)
    x = np.concatenate([problem.start_a[:20], problem.start_b[:20]])
    x = 0.5 * (x + x[rng.permutation(len(x))])
    free = ~np.asarray(problem.in_a(x) | problem.in_b(x))
    x = x[free]
    value = np.asarray(model.evaluate(random_network, x))
    assert value.dtype == np.float64 and len(x) > 5
    gradient = np.asarray(model.gradient(random_network, x))
    h = 1e-6
    for i in range(2):
        shift = h * np.eye(2)[i]
        difference = (
            np.asarray(model.evaluate(random_network, x + shift))
            - np.asarray(model.evaluate(random_network, x - shift))
        ) / (2 * h)
        np.testing.assert_allclose(gradient[:, i], difference, rtol=1e-5, atol=1e-8)


def test_walkers_carry_the_logit_of_the_solution(well, model, random_network):
    problem = well[0]
    x = 0.5 * (problem.start_a[:16] + problem.start_b[:16]).reshape(4, 4, 2)
    visit = survey(problem, lift_of(problem, 0.2))
    doubled = jax.tree.map(lambda part: part.astype(jnp.float64), random_network)
    walkers = model.walkers(doubled, visit(jnp.asarray(x)))
    value = np.asarray(model.evaluate(random_network, x.reshape(-1, 2))).reshape(4, 4)
    np.testing.assert_allclose(jax.nn.sigmoid(walkers.s), value, rtol=1e-12)
    slope = np.asarray(model.gradient(random_network, x.reshape(-1, 2))).reshape(4, 4, 2)
    np.testing.assert_allclose((value * (1 - value))[..., None] * walkers.s_slope, slope, rtol=1e-9)


def test_the_logarithm_goes_on_inside_with_a_finite_outward_slope():
    rises = jnp.asarray([-1.0, -1e-3, 0.0, 1e-7, 1e-6, 2e-6, 1e-2, 1.0])
    values = log_rise(rises, 0.2)
    assert np.all(np.isfinite(values)) and np.all(np.diff(np.asarray(values)) > 0)
    assert np.all(np.asarray(jax.vmap(jax.grad(lambda r: log_rise(r, 0.2)))(rises)) > 0)


def test_an_untrained_network_is_the_bare_lift(well, model):
    problem = well[0]
    x = 0.5 * (problem.start_a + problem.start_b)
    untrained = network.perceptron(jax.random.key(0), 2, 16, 2, jnp.float32)
    logit = np.asarray(lift_of(problem, 0.2)(jnp.asarray(x)))
    free = ~np.asarray(problem.in_a(x) | problem.in_b(x))
    np.testing.assert_allclose(
        np.asarray(model.evaluate(untrained, x))[free], 1.0 / (1.0 + np.exp(-logit[free])), rtol=1e-12
    )


def test_layers_are_as_thick_as_asked_for_in_few_dimensions_and_thinner_in_many():
    assert [depth_in(dim, 0.2) for dim in (1, 2, 10)] == [0.2] * 3
    assert depth_in(1000, 0.2) == pytest.approx(0.02)
    assert 0.0 < depth_in(11, 0.2) < 0.2
