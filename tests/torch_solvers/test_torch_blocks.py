"""The blocks of the torch solvers give what the jax blocks give, to round-off, on the same inputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench_jax.blocks import descent as jax_descent
from mfbench_jax.blocks import emus as jax_emus
from mfbench_jax.blocks import landscape as jax_landscape
from mfbench_jax.blocks import lift as jax_lift
from mfbench_jax.blocks import network as jax_network
from mfbench_jax.blocks import windows as jax_windows
from mfbench_torch.blocks import descent, emus, landscape, lift, network, windows

ROUND_OFF = {np.float64: 1e-13, np.float32: 2e-5}


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def same(ours, theirs, rtol=1e-13, atol=0.0):
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol, atol=atol)


def random_points(problem, count, dtype=np.float64):
    rng = np.random.default_rng(11)
    inside = np.concatenate([problem.start_a, problem.start_b])
    around = rng.uniform(*problem.box, (count, problem.dim))
    return np.concatenate([inside, around]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_log_rise(dtype):
    rise = np.concatenate([-np.logspace(2, -9, 50), [0.0], np.logspace(-9, 2, 50)]).astype(dtype)
    same(lift.log_rise(torch.tensor(rise), 0.2), jax_lift.log_rise(jnp.asarray(rise), 0.2), ROUND_OFF[dtype])


def test_lift_and_committor(problem):
    x = random_points(problem, 200)
    ours, theirs = lift.lift_of(problem, 0.2), jax_lift.lift_of(problem, 0.2)
    # Inside A and B a rise counts 1 / INNER times, and with it its round-off of 1e-16.
    same(ours(torch.tensor(x)), jax.jit(theirs)(x), atol=1e-15 / lift.INNER)
    logit = np.linspace(-30, 30, len(x))
    twin = jax.jit(lambda z, y: jax_lift.committor(problem, z, y))(logit, x)
    same(lift.committor(problem, torch.tensor(logit), torch.tensor(x)), twin)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_places(problem, dtype):
    x = random_points(problem, 64, dtype).reshape(-1, 16, problem.dim)
    ours = landscape.survey(problem, lift.lift_of(problem, 0.2))(torch.tensor(x))
    theirs = jax.jit(jax_landscape.survey(problem, jax_lift.lift_of(problem, 0.2)))(x)
    for name in theirs._fields:
        expected = np.asarray(getattr(theirs, name))
        scale = np.max(np.abs(expected))
        same(getattr(ours, name), expected, ROUND_OFF[dtype], ROUND_OFF[dtype] * scale)


def test_slope_of_a_constant_field_is_zero():
    x = torch.ones(3, 2)
    for field in (lambda y: torch.ones(len(y)), lambda y: torch.ones(len(y), requires_grad=True) * 2):
        value, slope = landscape.value_and_slope(field, x)
        assert not value.requires_grad
        same(slope, np.zeros((3, 2)))


def test_perceptron_and_its_slope():
    shape = network.Shape(dim=5, width=12, depth=2)
    generator = torch.Generator().manual_seed(4)
    flat = torch.randn(len(network.perceptron(generator, shape, torch.float64)), dtype=torch.float64)
    layers = network.layers_of(shape, flat)
    twin = [jax_network.Layer(jnp.asarray(one.weight), jnp.asarray(one.bias)) for one in layers]
    x = np.random.default_rng(2).standard_normal((50, 5))
    value, slope = landscape.value_and_slope(lambda y: network.apply(layers, y), torch.tensor(x))
    jax_value, jax_slope = jax_landscape.value_and_slope(lambda y: jax_network.apply(twin, y), jnp.asarray(x))
    same(value, jax_value, atol=1e-13)
    same(slope, jax_slope, atol=1e-13)


def test_perceptron_starts_at_zero_with_unit_activations():
    shape = network.Shape(dim=400, width=300, depth=2)
    flat = network.perceptron(torch.Generator().manual_seed(0), shape, torch.float64)
    layers = network.layers_of(shape, flat)
    assert [tuple(one.weight.shape) for one in layers] == [(400, 300), (300, 300), (300, 1)]
    assert torch.all(network.apply(layers, torch.randn(7, 400, dtype=torch.float64)) == 0)
    # The variance of N normal entries scatters by sqrt(2 / N): 5 of these are a false alarm of 6e-7 for each layer.
    for one in layers[:2]:
        m, k = one.weight.shape
        assert abs(float(torch.var(one.weight)) * m - 1) < 5 * (2 / (m * k)) ** 0.5


@pytest.mark.parametrize("low, high", [(-3.0, 3.0), (-17.5, 4.25)])
def test_windows(low, high):
    shares = np.random.default_rng(4).standard_normal(6)
    ours = windows.spread(*torch.tensor([low, high], dtype=torch.float64), torch.tensor(shares))
    theirs = jax.jit(jax_windows.spread)(low, high, shares)
    same(ours.centres, theirs.centres)
    same(ours.stiffness, theirs.stiffness)
    own = np.random.default_rng(5).uniform(-25, 25, (9, 7))
    for s in (own, own[..., None]):
        same(windows.bias(ours, torch.tensor(s)), jax_windows.bias(theirs, jnp.asarray(s)))
        same(windows.bias_slope(ours, torch.tensor(s)), jax_windows.bias_slope(theirs, jnp.asarray(s)))


def test_shares_and_masses():
    biases = np.random.default_rng(6).uniform(0, 40, (5, 8, 8)) ** 1.5
    ours, theirs = emus.shares(torch.tensor(biases)), jax_emus.shares(jnp.asarray(biases))
    same(ours[0], theirs[0], rtol=1e-12)
    same(ours[1], theirs[1])
    overlap = ours[0].mean(0)
    before = overlap.clone()
    same(emus.masses(overlap), jax.jit(jax_emus.masses)(overlap.numpy()), rtol=1e-12)
    same(overlap, before, rtol=0)


def test_masses_keep_relative_accuracy():
    """A chain with steps up of probability p and down of 1/2 has z ratios of 2p exactly, over 60 decades."""
    number, p = 13, 1e-5
    overlap = torch.diag(torch.full((number - 1,), p, dtype=torch.float64), 1)
    overlap += torch.diag(torch.full((number - 1,), 0.5, dtype=torch.float64), -1)
    overlap += torch.diag(1.0 - overlap.sum(1))
    z = emus.masses(overlap)
    # The floor between neighbours changes p by 1e-7 of itself.
    same(z[1:] / z[:-1], (p + emus.FLOOR) / (0.5 + emus.FLOOR), rtol=1e-13)


def test_schedule_and_average():
    theirs = jax_descent.anytime(3e-3, 50, 1000)
    for step in (0, 1, 49, 50, 51, 10_000):
        same(descent.anytime(3e-3, 50, 1000, step), theirs(jnp.asarray(step)), rtol=1e-7)
    rng = np.random.default_rng(7)
    average = rng.standard_normal(20)
    twin, first = jnp.asarray(average), torch.tensor(average)
    ours = first
    for step in range(60):
        new = rng.standard_normal(20)
        ours = descent.tail_average(ours, torch.tensor(new), step, 8.0)
        twin = jax_descent.tail_average(twin, jnp.asarray(new), jnp.asarray(float(step)), 8.0)
    same(ours, twin, atol=1e-14)
    same(first, average, rtol=0)
