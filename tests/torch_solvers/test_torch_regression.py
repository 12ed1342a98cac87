"""Particle descent in torch: equal to its twin where nothing is drawn, and of one law with it where samples are."""

import dataclasses
import importlib

import jax
import numpy as np
import pytest
import torch
from scipy.stats import ttest_1samp

from mfbench import Context, Diverged
from mfbench_regression import signed_mixture, spikes_torus, three_spin
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters
from mfbench_regression.entries.spikes import SpikesTorusParameters
from mfbench_regression.entries.three_spin import ThreeSpinParameters
from mfbench_torch import particle_regression
from mfbench_torch.blocks.stable_step import curvature
from mfbench_torch.particle_regression import Cloud, batch_slope, solve
from mfbench_torch.particle_regression_entry import ParticleDescent

SEEDS = 6
FALSE_ALARM = 1e-3
"""Of the paired t-test on the logarithms of errors, 5 degrees of freedom: |t| > 6.9."""


def last(framework, problem, seed, **values):
    if framework == "torch":
        run, kind = solve, ParticleDescent
    else:
        run = importlib.import_module("mfbench_jax.particle_regression").solve
        kind = importlib.import_module("mfbench_jax.particle_parameters").ParticleDescent
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    with jax.enable_x64(framework == "jax"):
        return list(run(problem, kind(**values), context))[-1]


@pytest.mark.parametrize(
    ("module", "parameters", "step"),
    [
        (signed_mixture, SignedMixtureParameters(), 0.02),
        (spikes_torus, SpikesTorusParameters(penalty=4.0), 0.001),
        (spikes_torus, SpikesTorusParameters(), 0.0),
    ],
)
def test_without_samples_twins_agree_to_round_off(module, parameters, step):
    problem = module.build(parameters, 1)
    one, two = (
        last(framework, problem, 3, particles=20, step=step, steps=100) for framework in ("torch", "jax")
    )
    np.testing.assert_allclose(one.state.c.numpy(), np.asarray(two.state.c), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(one.state.z.numpy(), np.asarray(two.state.z), rtol=1e-8, atol=1e-10)
    assert dict(one.work) == dict(two.work)
    assert (one.reports["step"] == step) is (step > 0)
    assert one.reports == pytest.approx(two.reports, rel=1e-8)


def sampled(dtype, **parameters):
    """A problem, a cloud of it and a batch."""
    problem = three_spin.build(ThreeSpinParameters(dim=5, **parameters), 1)
    c, z = problem.initial(np.random.default_rng(0), 40)
    cloud = Cloud(torch.as_tensor(c, dtype=dtype), torch.as_tensor(z, dtype=dtype))
    noise = torch.randn(
        64, problem.noise_dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    return problem, cloud, *problem.sample(noise.to(dtype))


@pytest.mark.parametrize("unit", ["sigmoid", "relu", "gaussian"])
def test_the_slope_of_a_batch_is_that_of_its_loss(unit, monkeypatch):
    """In parts of the batch and by quicker functions, in single precision, beside autograd of the whole in double."""
    monkeypatch.setattr(particle_regression, "AT_ONCE", 40 * 10)
    problem, cloud, x, y = sampled(torch.float64, unit=unit)
    moving = Cloud(*(part.clone().requires_grad_() for part in cloud))
    residual = problem.unit(x, moving.z) @ moving.c / 40 - y
    loss = 0.5 * torch.mean(residual**2)
    expected = torch.autograd.grad(loss, list(moving))
    found, slope = batch_slope(*sampled(torch.float32, unit=unit))
    assert float(found) == pytest.approx(loss.item(), rel=1e-5)
    for part, whole in zip(slope, expected, strict=True):
        np.testing.assert_allclose(part.numpy(), whole.numpy(), rtol=1e-4, atol=1e-6)
        assert part.shape == whole.shape


@pytest.mark.slow
def test_with_samples_errors_are_of_one_law():
    parameters = ThreeSpinParameters(dim=5)
    problem, judge = three_spin.build(parameters, 1), three_spin.judge(parameters, 1)
    ratios = []
    for seed in range(SEEDS):
        errors = []
        for framework in ("torch", "jax"):
            found = last(framework, problem, seed, particles=64, step=0.05, steps=1600, batch=32)
            values = np.asarray(found.evaluate(found.state, judge.x), float)
            errors.append(judge.headline(values).value)
        ratios.append(np.log(errors[0] / errors[1]))
    assert np.std(ratios, ddof=1) < 0.2
    assert ttest_1samp(ratios, 0.0).pvalue > FALSE_ALARM


def test_equal_seeds_give_equal_runs_and_the_last_steps_are_taken():
    problem = three_spin.build(ThreeSpinParameters(dim=4, unit="gaussian"), 1)
    one, two = (
        last("torch", problem, 5, particles=10, step=0.02, steps=40, batch=0, quench_after=30)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.state.z.numpy(), two.state.z.numpy())
    assert one.reports["steps"] == 40
    assert one.work["evaluations"] == 30 * 2 + 10 * 4
    np.testing.assert_allclose(np.sum(one.state.z.numpy() ** 2, axis=1), 4.0, rtol=1e-5)


def test_particles_that_leave_the_finite_numbers_are_said_to():
    problem = signed_mixture.build(SignedMixtureParameters(), 0)
    with pytest.raises(Diverged, match="not finite"):
        last("torch", problem, 0, particles=10, step=1e6, steps=640)


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="particles is 0; expected a whole number >= 1"):
        ParticleDescent(particles=0)


@pytest.mark.parametrize("free", [True, False])
def test_curvatures_of_twins_agree_on_one_batch(free):
    """Products with the Hessian through second derivatives of each library, in double precision."""
    twin = importlib.import_module("mfbench_jax.blocks.stable_step")
    mean_field = importlib.import_module("mfbench_jax.blocks.mean_field")
    problem, cloud, x, y = sampled(torch.float64)
    problem = dataclasses.replace(
        problem, free_weights=free, initial=lambda rng, n: (np.ones(n), problem.prior(rng, n))
    )
    way = [torch.as_tensor(np.random.default_rng(7).standard_normal(part.shape)) for part in cloud]

    def loss(c, z):
        return 0.5 * torch.mean((problem.unit(x, z) @ c / len(c) - y) ** 2)

    found, size = curvature(loss, cloud, way, 3, free)
    with jax.enable_x64(True):
        batch = mean_field.batch_loss(problem)
        points = [jax.numpy.asarray(part.numpy()) for part in (x, y)]
        expected, length = twin.curvature_of(
            problem, lambda cloud, key, _: jax.value_and_grad(batch)(cloud, *points)
        )(
            mean_field.Cloud(*(jax.numpy.asarray(part.numpy()) for part in cloud)),
            twin.Masses(*(jax.numpy.asarray(part.numpy()) for part in way), jax.numpy.zeros(40)),
            jax.random.key(0),
            0,
            3,
        )
        assert size == pytest.approx(float(length), rel=1e-10)
        for one, two in zip(found, expected[:2], strict=True):
            np.testing.assert_allclose(one.numpy(), np.asarray(two), rtol=1e-8, atol=1e-12)
    assert bool(torch.any(found[0] != 0)) is free
