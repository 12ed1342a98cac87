"""The Ritz energy's gradient from weighted windows, against quadrature on a line."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks import network
from mfbench_jax.blocks.ansatz import ansatz
from mfbench_jax.blocks.emus import masses, shares
from mfbench_jax.blocks.landscape import survey
from mfbench_jax.blocks.lift import lift_of
from mfbench_jax.blocks.ritz import energy_density, violation
from mfbench_jax.blocks.windows import bias, spread

BETA, REPEATS, DRAWS = 4.0, 40, 400


def line():
    """V = (x^2 - 1)^2 on the line, A = {x <= -1}, B = {x >= 1}."""
    return CommittorProblem(
        dim=1,
        beta=BETA,
        potential=lambda x: (x[:, 0] ** 2 - 1.0) ** 2,
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.1], [-1.2]]),
        start_b=np.array([[1.1], [1.2]]),
        box=np.array([[-3.0], [3.0]]),
    )


def test_the_gradient_is_that_of_the_integral():
    """13 parameters, 40 repeats, |t| < 7: false alarm below 1e-6."""
    problem = line()
    lift = lift_of(problem, 0.2)
    visit, model = survey(problem, lift), ansatz(problem, lift, network.apply)
    layers = network.perceptron(jax.random.key(3), 1, 4, 1, jnp.float64)
    layers[-1] = network.Layer(jnp.asarray([[1.0], [-0.5], [0.8], [0.3]]), layers[-1].bias + 0.3)
    flat, unravel = ravel_pytree(layers)

    # Midpoints: the grid must not sit on the boundaries, where the energy density jumps.
    nodes = np.linspace(-3.0, 3.0, 60_001)
    nodes = 0.5 * (nodes[1:] + nodes[:-1])
    law = np.exp(-BETA * (nodes**2 - 1.0) ** 2)
    law /= law.sum()

    def density(flat, places):
        walkers = model.walkers(unravel(flat), places)
        return energy_density(walkers.s, walkers.s_slope, places.free)

    grid = visit(jnp.asarray(nodes[:, None]))
    exact = jax.grad(lambda flat: jnp.sum(law * density(flat, grid)))(flat)
    assert np.min(np.abs(exact)) > 0

    windows = spread(jnp.float64(-4.0), jnp.float64(4.0), jnp.zeros(5))
    biases = np.asarray(bias(windows, model.walkers(layers, grid).s[:, None]))
    joint = law[:, None] * np.exp(-biases)
    cumulative = np.cumsum(joint, axis=0) / joint.sum(axis=0)

    @jax.jit
    def estimate(x):
        """As an update does it: overlaps, masses, weights held fixed, gradient."""
        places = visit(x[..., None])
        share, log_total = shares(bias(windows, model.walkers(layers, places).s[..., None]))
        z, inverse = masses(jnp.mean(share, axis=0)), jnp.exp(-log_total)
        weights = z / jnp.sum(z * jnp.mean(inverse, axis=0)) * inverse
        return jax.grad(lambda flat: jnp.sum(jnp.mean(weights * density(flat, places), axis=0)))(flat)

    rng = np.random.default_rng(8)
    estimates = [
        estimate(
            jnp.asarray(np.stack([np.interp(rng.random(DRAWS), c, nodes) for c in cumulative.T], axis=1))
        )
        for _ in range(REPEATS)
    ]
    error = np.std(estimates, axis=0, ddof=1) / np.sqrt(REPEATS)
    difference = np.abs(np.mean(estimates, axis=0) - exact)
    assert np.all(error < 0.1 * np.max(np.abs(exact)))
    assert np.all(difference < 7 * error)


def test_density_is_the_squared_gradient_outside_and_zero_inside():
    z, slope = jnp.asarray([0.0, 1.0, -80.0, 2.0]), jnp.asarray([[1.0, 2.0]] * 4)
    free = jnp.asarray([True, True, True, False])
    f = 1.0 / (1.0 + np.exp(-np.asarray(z)))
    np.testing.assert_allclose(
        energy_density(z, slope, free), (f * (1 - f)) ** 2 * 5.0 * np.asarray(free), rtol=1e-12
    )


def test_density_does_not_round_to_zero_in_single_precision():
    """f rounds to 1 at logit 20 in float32; the density must not."""
    z = jnp.asarray([-30.0, 30.0], jnp.float32)
    value = energy_density(z, jnp.ones((2, 1), jnp.float32), jnp.ones(2, bool))
    np.testing.assert_allclose(value, np.exp(-60.0), rtol=1e-4)


def test_violation():
    in_a, in_b = jnp.asarray([1, 0, 1, 0, 0], bool), jnp.asarray([0, 1, 0, 0, 0], bool)
    assert violation(jnp.asarray([-50.0, 50.0, -60.0, 0.0, 9.0]), in_a, in_b) < 1e-40
    np.testing.assert_allclose(violation(jnp.zeros(5), in_a, in_b), 0.5)
    f = np.array([0.1, 0.8, 0.3, 0.5, 0.5])
    found = violation(jnp.asarray(np.log(f / (1 - f))), in_a, in_b)
    np.testing.assert_allclose(found, (0.1**2 + 0.3**2) / 2 + 0.2**2)
    assert violation(jnp.zeros(5), in_a & in_b, in_a & in_b) == 0.0
