"""Energies, estimates and placements of the torch solvers give what the jax ones give on the same inputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench_jax.blocks import ansatz as jax_ansatz
from mfbench_jax.blocks import detour as jax_detour
from mfbench_jax.blocks import emus as jax_emus
from mfbench_jax.blocks import landscape as jax_landscape
from mfbench_jax.blocks import levels as jax_levels
from mfbench_jax.blocks import lift as jax_lift
from mfbench_jax.blocks import network as jax_network
from mfbench_jax.blocks import placement as jax_placement
from mfbench_jax.blocks import ritz as jax_ritz
from mfbench_jax.blocks import running as jax_running
from mfbench_jax.blocks import sampler as jax_sampler
from mfbench_torch import particle_sgd
from mfbench_torch.blocks import (
    ansatz,
    detour,
    emus,
    landscape,
    levels,
    lift,
    network,
    placement,
    ritz,
    ritz_descent,
    running,
    sampler,
)

LADDERS, WINDOWS = 6, 5
SHAPE = network.Shape(dim=10, width=9, depth=2)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def same(ours, theirs, rtol=1e-12, atol=0.0):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol, atol=atol)


def flat_parameters():
    size = len(network.perceptron(torch.Generator().manual_seed(0), SHAPE, torch.float64))
    return torch.tensor(np.random.default_rng(1).standard_normal(size)) / 3.0


def layered(flat, x):
    return network.apply(network.layers_of(SHAPE, flat), x)


def twin_layers(flat):
    layers = network.layers_of(SHAPE, flat.detach())
    return [jax_network.Layer(one.weight.numpy(), one.bias.numpy()) for one in layers]


def flattened(layers):
    return np.concatenate([np.ravel(part) for layer in layers for part in layer])


@pytest.fixture(scope="module")
def x(problem):
    """Places (R, L, d), nobody near the edges of A and B, where slopes of the lift are without bound."""
    rng = np.random.default_rng(3)
    x = rng.uniform(*problem.box, (4000, problem.dim))
    edge = np.minimum(np.abs(problem.boundary_a(x)), np.abs(problem.boundary_b(x)))
    x = x[edge > 0.05]
    free = ~(problem.in_a(x) | problem.in_b(x))
    chosen = np.concatenate([x[free][: LADDERS * WINDOWS - 6], x[~free][:6]])
    return rng.permutation(chosen).reshape(LADDERS, WINDOWS, problem.dim)


@pytest.fixture(scope="module")
def models(problem):
    ours, theirs = lift.lift_of(problem, 0.2), jax_lift.lift_of(problem, 0.2)
    return ansatz.ansatz(problem, ours, layered), jax_ansatz.ansatz(problem, theirs, jax_network.apply)


def test_weighted_energy_and_its_slope_by_the_parameters(problem, models, x):
    flat = flat_parameters().requires_grad_()
    weights = np.random.default_rng(4).uniform(0.1, 5.0, (LADDERS, WINDOWS))
    places = landscape.survey(problem, lift.lift_of(problem, 0.2))(torch.tensor(x))
    value = ritz_descent.weighted_energy(models[0].walkers(flat, places), torch.tensor(weights))
    (slope,) = torch.autograd.grad(value, flat)

    @jax.value_and_grad
    def energy(params):
        there = jax_landscape.survey(problem, jax_lift.lift_of(problem, 0.2))(x)
        seen = models[1].walkers(params, there)
        return jnp.sum(jnp.mean(weights * jax_ritz.energy_density(seen.s, seen.s_slope, there.free), axis=0))

    jax_value, jax_slope = jax.jit(energy)(twin_layers(flat))
    assert value > 0
    same(value.detach(), jax_value)
    same(slope, flattened(jax_slope), atol=1e-12 * float(torch.max(torch.abs(slope))))


def test_committor_and_gradient_at_evaluation(problem, models, x):
    rows, flat = x.reshape(-1, problem.dim), flat_parameters().float()
    twin = twin_layers(flat)
    q, slope = models[0].evaluate(flat, rows), models[0].gradient(flat, rows)
    assert q.dtype == slope.dtype == np.float64
    same(q, models[1].evaluate(twin, rows), atol=1e-14)
    same(slope, models[1].gradient(twin, rows), atol=1e-13)
    assert np.all(q[problem.in_a(rows)] == 0) and np.all(q[problem.in_b(rows)] == 1)


def test_gradient_is_that_of_the_committor(problem, models, x):
    rows, flat, step = x.reshape(-1, problem.dim), flat_parameters(), 1e-6
    slope = models[0].gradient(flat, rows)
    for axis in range(problem.dim):
        shift = step * np.eye(problem.dim)[axis]
        difference = (
            (models[0].evaluate(flat, rows + shift) - models[0].evaluate(flat, rows - shift)) / 2 / step
        )
        same(slope[:, axis], difference, rtol=0, atol=1e-7)


def test_mean_field_energy_and_its_slope(problem, x):
    rng, number = np.random.default_rng(5), 7
    units = rng.standard_normal((number, problem.dim + 2))
    model = ansatz.ansatz(problem, lift.lift_of(problem, 0.2), network.mean_field)
    twin = jax_ansatz.ansatz(problem, jax_lift.lift_of(problem, 0.2), jax_network.mean_field)
    places = landscape.survey(problem, lift.lift_of(problem, 0.2))(torch.tensor(x))
    rows, slope = particle_sgd.energy_and_slope(model, torch.tensor(units), places, torch.ones(()))

    @jax.value_and_grad
    def energy(particles):
        there = jax_landscape.survey(problem, jax_lift.lift_of(problem, 0.2))(x)
        seen = twin.walkers(particles, there)
        return jnp.mean(jax_ritz.energy_density(seen.s, seen.s_slope, there.free))

    particles = jax_network.Particles(units[:, 0], units[:, 1:-1], units[:, -1])
    jax_value, jax_slope = jax.jit(energy)(particles)
    expected = np.column_stack([jax_slope.c, jax_slope.w, jax_slope.b])
    same(torch.mean(rows), jax_value)
    same(slope, expected, atol=1e-12 * np.max(np.abs(expected)))


def test_energy_density_where_the_committor_rounds():
    logit = torch.tensor([-80.0, -20.0, 0.0, 20.0, 80.0])
    density = ritz.energy_density(logit, torch.ones(5, 3), torch.tensor([True, True, True, True, False]))
    # f (1 - f) = exp(-|z|) for large |z|, in float32 too.
    expected = 3 * np.array([0.0, np.exp(-40.0), 1 / 16, np.exp(-40.0), 0.0])
    same(density, expected, rtol=1e-5, atol=1e-38)


def test_violation_and_effective_share():
    rng = np.random.default_rng(6)
    logit, where = rng.normal(0, 4, 14), rng.integers(0, 3, 14)
    weights = rng.exponential(1.0, (LADDERS, WINDOWS))
    seen = (logit, where == 0, where == 1)
    same(ritz.violation(*map(torch.tensor, seen)), jax_ritz.violation(*map(jnp.asarray, seen)))
    same(emus.effective_share(torch.tensor(weights)), jax_emus.effective_share(weights))
    assert float(emus.effective_share(torch.full((3, 4), 1e-9))) == pytest.approx(1.0)


@pytest.mark.parametrize("spread", [0.8, 0.0])
def test_detours_are_alike(spread):
    """Of walkers of whom some, or none, are between the levels."""
    rng = np.random.default_rng(13)
    x, line = rng.standard_normal((LADDERS, WINDOWS, 3)), rng.standard_normal((2, 3))
    logit = spread * rng.standard_normal((LADDERS, WINDOWS)) + (0.0 if spread else 5.0)
    found = detour.slab_detour(torch.tensor(x), torch.tensor(logit), *torch.tensor(line))
    same(found, jax_detour.slab_detour(x, logit, *line))
    assert (found > 0.1) == bool(spread)


def running_means(seed=7):
    rng = np.random.default_rng(seed)
    overlap = rng.dirichlet(np.full(WINDOWS, 0.3), (LADDERS, WINDOWS))
    inverse = np.exp(rng.uniform(-30, 0, (LADDERS, WINDOWS)))
    energy = rng.uniform(0, 1, (LADDERS, WINDOWS, levels.BINS)) * inverse[..., None]
    # Of the tails, where nobody was, most bins are empty.
    energy *= np.abs(np.arange(levels.BINS) - levels.BINS / 2) < rng.uniform(5, 60, (LADDERS, WINDOWS, 1))
    return overlap, inverse, energy * np.exp(levels.log_steps())


def test_weights_rate_and_jackknife():
    means = running_means()
    ours = running.Running(*map(torch.tensor, means))
    theirs = jax_running.Running(*map(jnp.asarray, means))
    same(running.weights_of(ours), jax.jit(jax_running.weights_of)(theirs))
    rates, errors = running.rates(ours, 5.0)
    jax_rates, jax_errors = jax.jit(jax_running.rates)(theirs, 5.0)
    same(rates, jax_rates)
    same(errors, jax_errors, rtol=1e-9)
    assert rates.shape == errors.shape == (2,) and torch.all(errors > 0)
    same(running.least_overlap(ours), jax_running.least_overlap(theirs))
    shift, twin = running.shift(ours, -4.0, 5.0), jax.jit(jax_running.shift)(theirs, -4.0, 5.0)
    same(shift, twin, rtol=1e-9, atol=1e-9)
    assert float(torch.max(torch.abs(shift))) > 0.05
    logit = np.linspace(-60.0, 60.0, 333)
    same(levels.shifted(shift, torch.tensor(logit)), jax_levels.shifted(twin, logit), atol=1e-9)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_levels_that_nobody_saw_are_left_alone(value):
    flux = torch.full((levels.BINS,), value, dtype=torch.float64)
    same(levels.shift(flux, flux), np.zeros(levels.BINS + 1))
    same(levels.relative_flux(torch.zeros(3, levels.BINS)), np.full((3, levels.BINS), np.nan))


def test_amounts_fall_into_the_same_bins():
    rng = np.random.default_rng(10)
    logit, amount = 30 * rng.standard_normal((LADDERS, WINDOWS)), rng.exponential(1.0, (LADDERS, WINDOWS))
    same(levels.binned(torch.tensor(logit), torch.tensor(amount)), jax_levels.binned(logit, amount))
    same(levels.log_steps(), jax_levels.log_steps(), rtol=0)


@pytest.mark.parametrize("memory", [0, 5])
def test_running_means_forget_alike(memory):
    ours = running.nothing(LADDERS, WINDOWS, torch.device("cpu"))
    theirs = jax_running.nothing(LADDERS, WINDOWS)
    for part, twin in zip(ours, theirs, strict=True):
        same(part, twin, rtol=0)
    advance = jax.jit(jax_running.updated)
    for step in range(12):
        news = running_means(step)
        ours = running.updated(ours, running.Running(*map(torch.tensor, news)), step, memory)
        theirs = advance(theirs, jax_running.Running(*news), step, memory)
    for part, twin in zip(ours, theirs, strict=True):
        same(part, twin)


@pytest.mark.parametrize("everybody_outside", [True, False])
def test_placement_moves_alike(everybody_outside):
    rng = np.random.default_rng(8)
    s, slope = rng.normal(0, 6, (LADDERS, WINDOWS)), np.zeros((LADDERS, WINDOWS, 2))
    free = np.ones((LADDERS, WINDOWS), bool) if everybody_outside else rng.random((LADDERS, WINDOWS)) < 0.5
    free[:, -1] &= everybody_outside  # nobody to ask in the last window
    biases = rng.uniform(0, 20, (LADDERS, WINDOWS, WINDOWS))
    ours = placement.start(WINDOWS, True, torch.device("cpu"))
    theirs = jax_placement.start(WINDOWS, True)
    seen = sampler.Walkers(
        landscape.Places(*[torch.zeros(1)] * 5, torch.tensor(free)), torch.tensor(s), torch.tensor(slope)
    )
    twin = jax_sampler.Walkers(jax_landscape.Places(*[jnp.zeros(1)] * 5, jnp.asarray(free)), s, slope)
    advance = jax.jit(jax_placement.moved)
    for look in (0, 1, 4000):
        ours = placement.moved(ours, seen, torch.tensor(biases), placement.settling(look))
        theirs = advance(theirs, twin, biases, jax_placement.settling(look))
    for part, twin_part in zip(ours, theirs, strict=True):
        same(part, twin_part)
    assert everybody_outside or float(ours.high) == 3.0
    one, other = placement.windows_of(ours, torch.float32), jax_placement.windows_of(theirs, jnp.float32)
    assert one.centres.dtype == torch.float32
    same(one.centres, other.centres, rtol=1e-6, atol=1e-6)
    same(one.stiffness, other.stiffness, rtol=1e-6)
