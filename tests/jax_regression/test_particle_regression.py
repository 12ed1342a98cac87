"""Particle descent in jax: its velocity is that of the mean-field equation, and it lowers every problem's loss."""

from __future__ import annotations

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context, Diverged
from mfbench_jax import noisy_particles, particle_regression
from mfbench_jax.blocks.mean_field import (
    Cloud,
    advance_of,
    batch_loss,
    closed_loss,
    network_of,
    potential_of,
)
from mfbench_jax.blocks.particle_training import fixed_noise
from mfbench_jax.blocks.quasi_random import halton
from mfbench_jax.noisy_particles_entry import NoisyDescent
from mfbench_jax.particle_parameters import ParticleDescent
from mfbench_regression import signed_mixture, spikes_torus, three_spin, two_gaussians
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters
from mfbench_regression.entries.spikes import SpikesTorusParameters
from mfbench_regression.entries.three_spin import ThreeSpinParameters
from mfbench_regression.entries.two_gaussians import TwoGaussiansParameters

pytestmark = pytest.mark.usefixtures("double_precision")


def context(seed=0):
    return Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def problem_of(name, **values):
    module, kind = {
        "mixture": (signed_mixture, SignedMixtureParameters),
        "spin": (three_spin, ThreeSpinParameters),
        "torus": (spikes_torus, SpikesTorusParameters),
        "gaussians": (two_gaussians, TwoGaussiansParameters),
    }[name]
    parameters = kind(**values)
    return module.build(parameters, 1), module.judge(parameters, 1)


def cloud_of(problem, n, seed=0):
    rng = np.random.default_rng(seed)
    _, z = problem.initial(rng, n)
    return Cloud(jnp.asarray(rng.standard_normal(n)), jnp.asarray(z))


def potential(problem, cloud, theta):
    """V(theta; mu_n) = c (int c' K(z, z') dmu_n - F(z)), written out."""
    c, z = theta[0], theta[1:][None]
    form = problem.closed_form
    return c * (
        form.kernel(z, np.asarray(cloud.z))[0] @ np.asarray(cloud.c) / len(cloud.c) - form.overlap(z)[0]
    )


@pytest.mark.parametrize("name", ["mixture", "torus"])
def test_n_times_the_gradient_is_the_gradient_of_the_potential(name):
    """By finite differences of V at fixed mu: the velocity of the mean-field equation d mu/dt = div(mu grad V)."""
    problem, _ = problem_of(name)
    cloud = cloud_of(problem, 7)
    slope = jax.grad(closed_loss(problem.closed_form))(cloud)
    found = 7 * np.concatenate([np.asarray(slope.c)[:, None], np.asarray(slope.z)], axis=1)
    for i in range(7):
        theta = np.concatenate([[cloud.c[i]], cloud.z[i]])
        for axis in range(len(theta)):
            h = 1e-5 * np.eye(len(theta))[axis]
            expected = (potential(problem, cloud, theta + h) - potential(problem, cloud, theta - h)) / 2e-5
            assert found[i, axis] == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", ["mixture", "spin", "gaussians"])
def test_the_gradient_of_a_batch_loss_by_finite_differences(name):
    problem, _ = problem_of(name)
    cloud = cloud_of(problem, 5)
    x, y = problem.sample(jnp.asarray(np.random.default_rng(2).standard_normal((40, problem.noise_dim))))
    loss = batch_loss(problem)
    slope = jax.grad(loss)(cloud, x, y)
    rng = np.random.default_rng(3)
    for _ in range(5):
        way = Cloud(jnp.asarray(rng.standard_normal(5)), jnp.asarray(rng.standard_normal(cloud.z.shape)))

        def along(h, way=way):
            return loss(Cloud(cloud.c + h * way.c, cloud.z + h * way.z), x, y)

        expected = (along(1e-6) - along(-1e-6)) / 2e-6
        got = jnp.sum(slope.c * way.c) + jnp.sum(slope.z * way.z)
        assert float(got) == pytest.approx(float(expected), rel=1e-6)


def test_the_batch_loss_of_many_samples_is_the_closed_loss():
    """4.5 standard errors: a false alarm of 7e-6."""
    problem, _ = problem_of("torus", penalty=0.0)
    cloud = cloud_of(problem, 5)
    x, y = problem.sample(np.random.default_rng(4).standard_normal((20_000, problem.noise_dim)))
    squares = 0.5 * (y - np.asarray(network_of(problem)(cloud, x))) ** 2
    exact = float(closed_loss(problem.closed_form)(cloud))
    assert float(batch_loss(problem)(cloud, x, y)) == pytest.approx(np.mean(squares), rel=1e-9)
    assert np.mean(squares) == pytest.approx(exact, abs=4.5 * np.std(squares) / len(squares) ** 0.5)


@pytest.mark.parametrize("name", ["mixture", "spin", "torus"])
def test_particles_may_be_permuted_and_doubled(name):
    """The motion depends on the empirical measure alone: neither the order nor the width is in a particle's step."""
    problem, _ = problem_of(name)
    cloud = cloud_of(problem, 6)
    x, y = problem.sample(jnp.asarray(np.random.default_rng(5).standard_normal((30, problem.noise_dim))))
    advance, slope = advance_of(problem, 0.1), jax.grad(batch_loss(problem))

    def step(cloud):
        return advance(cloud, slope(cloud, x, y))

    plain, order = step(cloud), np.array([3, 1, 5, 0, 2, 4])
    turned = step(jax.tree.map(lambda part: part[order], cloud))
    doubled = step(jax.tree.map(lambda part: jnp.concatenate([part, part]), cloud))
    for one, two, four, start in zip(plain, turned, doubled, cloud, strict=True):
        assert float(jnp.max(jnp.abs(one - start))) > 1e-4
        np.testing.assert_allclose(two, one[order], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(four[:6], one, rtol=1e-11, atol=1e-13)


def test_what_may_not_move_stays_and_what_has_left_returns():
    fixed, _ = problem_of("gaussians")
    _, z = fixed.initial(np.random.default_rng(0), 8)
    cloud = Cloud(jnp.ones(8), jnp.asarray(z))
    moved = advance_of(fixed, 0.1)(cloud, Cloud(jnp.ones(8), jnp.ones((8, 40))))
    np.testing.assert_array_equal(moved.c, 1.0)
    held, _ = problem_of("spin", unit="gaussian")
    cloud = cloud_of(held, 8)
    moved = advance_of(held, 0.1)(cloud, Cloud(jnp.ones(8), jnp.ones((8, 5))))
    np.testing.assert_allclose(jnp.sum(moved.z**2, axis=1), 5.0, rtol=1e-12)
    assert float(jnp.max(jnp.abs(moved.z - cloud.z))) > 1e-3


def test_the_penalty_takes_its_proximal_step():
    problem, _ = problem_of("torus", penalty=2.0)
    cloud = Cloud(jnp.asarray([1.0, -1.0, 0.01]), jnp.zeros((3, 2)))
    moved = advance_of(problem, 0.1)(cloud, Cloud(jnp.zeros(3), jnp.zeros((3, 2))))
    np.testing.assert_allclose(moved.c, [0.8, -0.8, 0.0], atol=1e-15)
    np.testing.assert_allclose(
        potential_of(problem, cloud, Cloud(jnp.asarray([1.0, 1.0, 0.0]), cloud.z)), [5.0, -1.0, 0.02]
    )


def error_after(name, parameters, solve=particle_regression.solve, seed=0, **values):
    problem, judge = problem_of(name, **values)
    last = list(solve(problem, parameters, context(seed)))
    first, last = last[0], last[-1]
    return [
        judge.headline(np.asarray(c.evaluate(c.state, judge.x), float)).value for c in (first, last)
    ], last


@pytest.mark.parametrize(
    ("name", "values", "parameters", "share"),
    [
        ("mixture", {"start": "good"}, {"particles": 100, "step": 0.02, "steps": 1600}, 0.3),
        ("spin", {}, {"particles": 100, "step": 0.05, "steps": 3200, "batch": 100}, 0.6),
        ("spin", {"unit": "relu"}, {"particles": 100, "step": 0.05, "steps": 3200, "batch": 100}, 0.2),
        ("gaussians", {}, {"particles": 100, "step": 0.005, "steps": 600, "batch": 128}, 0.4),
        ("torus", {"penalty": 1.0}, {"particles": 60, "step": 0.001, "steps": 1600}, 0.2),
    ],
)  # fmt: skip
def test_descent_lowers_the_error(name, values, parameters, share):
    (before, after), last = error_after(name, ParticleDescent(**parameters), **values)
    assert after < share * before
    assert last.reports["steps"] == parameters["steps"]
    assert last.reports["particle_time"] == pytest.approx(parameters["step"] * parameters["steps"])


def test_noise_without_temperature_and_decay_is_none():
    plain, _ = error_after("mixture", ParticleDescent(particles=20, steps=64))
    still = NoisyDescent(particles=20, steps=64, temperature=0.0, decay=0.0)
    noisy, _ = error_after("mixture", still, noisy_particles.solve)
    assert plain == pytest.approx(noisy, rel=1e-9)


def test_noise_without_a_loss_has_the_gibbs_law():
    """With phi = 0 particles are Ornstein-Uhlenbeck, of variance tau / (lambda (1 - dt lambda / 2)); 4.5 sigma."""
    import dataclasses

    from mfbench.tasks.regression import ClosedForm

    problem, _ = problem_of("mixture")
    empty = ClosedForm(
        overlap=lambda z: 0.0 * z[:, 0], kernel=lambda z, other: 0.0 * (z @ other.T), constant=0.0
    )
    free = dataclasses.replace(problem, closed_form=empty)
    parameters = NoisyDescent(particles=1500, step=0.1, steps=160, temperature=0.5, decay=2.0)
    last = list(noisy_particles.solve(free, parameters, context()))[-1]
    expected = 0.5 / 2.0 / (1 - 0.1)
    for part in (last.state.c, last.state.z[:, 0]):
        assert np.var(part) == pytest.approx(expected, rel=4.5 * (2 / 1500) ** 0.5)


def test_equal_seeds_give_equal_runs_and_others_do_not():
    runs = [
        error_after("spin", ParticleDescent(particles=20, steps=64, batch=8), seed=seed)[1].state
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(runs[0].z, runs[1].z)
    assert not np.array_equal(runs[0].z, runs[2].z)


def test_the_quench_enlarges_the_batch_at_its_step():
    parameters = ParticleDescent(particles=20, step=0.02, batch=0, quench_after=40, steps=100)
    assert [parameters.batch_at(step) for step in (0, 39, 40, 99)] == [4, 4, 16, 16]
    problem, _ = problem_of("spin")
    work = [
        (c.reports["steps"], c.work["evaluations"])
        for c in particle_regression.solve(problem, parameters, context())
    ]
    assert dict(work)[40] == 160
    assert work[-1] == (100, 160 + 60 * 16)


@pytest.mark.slow
def test_the_quench_lowers_the_noise_floor():
    """dt / P is divided by 200; medians of three seeds, of which the pairs share starts and first batches."""
    errors = {}
    for quench in (0, 2000):
        parameters = ParticleDescent(
            particles=64, step=0.4, batch=2, steps=2800, quench_after=quench, quench_batch=400
        )
        errors[quench] = np.median([error_after("spin", parameters, seed=s)[0][1] for s in range(3)])
    assert errors[2000] < 0.85 * errors[0]


def test_fixed_points_are_the_same_in_every_run_and_nothing_is_drawn():
    parameters = ParticleDescent(particles=16, fixed_points=256, steps=64)
    _, last = error_after("spin", parameters)
    assert last.work["evaluations"] == 256
    noise = fixed_noise(5, 1000)
    assert noise.shape == (1000, 5)
    np.testing.assert_allclose(np.mean(noise, axis=0), 0.0, atol=0.01)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(5), atol=0.05)


def test_milestones_are_the_steps_asked_for_and_change_nothing():
    parameters = ParticleDescent(particles=16, fixed_points=64, steps=64, milestones="0+5+40")
    problem, _ = problem_of("spin")
    run = list(particle_regression.solve(problem, parameters, context()))
    assert [one.work["steps"] for one in run if one.milestone] == [0, 5, 40]
    plain = list(
        particle_regression.solve(problem, dataclasses.replace(parameters, milestones=""), context())
    )
    assert not any(one.milestone for one in plain)
    np.testing.assert_array_equal(run[-1].state.z, plain[-1].state.z)


@pytest.mark.parametrize("text", ["5+5", "7+3", "1,2", "-1", "1+", "a"])
def test_milestones_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="joined by"):
        ParticleDescent(milestones=text)


def test_permuted_halton_points_are_stratified():
    """b^m points in a row have one in every b^-m, for the base of each coordinate; and means better than draws have."""
    points = halton(np.random.default_rng(1), 3, 900)
    for axis, (base, power) in enumerate(((2, 9), (3, 6), (5, 4))):
        cells = np.floor(points[: base**power, axis] * base**power).astype(int)
        assert sorted(cells) == list(range(base**power))
    assert np.all((points > 0) & (points < 1))
    # E prod (1 + (u - 1/2) / j) = 1; draws err by about .01.
    values = np.prod(1.0 + (points - 0.5) / np.arange(1, 4), axis=1)
    assert abs(np.mean(values) - 1.0) < 2e-3


@pytest.mark.slow
def test_losses_fall_with_the_width():
    """`three-spin` in five dimensions at one particle time, over a factor of eight in n.

    The loss falls at least as 1/n, but for what is not yet learned at that time: by more than a factor of three.
    """
    errors = []
    for n in (8, 64):
        parameters = ParticleDescent(particles=n, step=0.1, batch=64, steps=12_800)
        errors.append(np.median([error_after("spin", parameters, seed=s)[0][1] ** 2 / 2 for s in range(3)]))
    assert errors[1] < errors[0] / 3


def test_particles_that_leave_the_finite_numbers_are_said_to():
    problem, _ = problem_of("mixture")
    wild = ParticleDescent(particles=20, step=1e6, steps=640)
    with pytest.raises(Diverged, match=r"particles or their loss .* are not finite"):
        list(particle_regression.solve(problem, wild, context()))


def test_a_run_without_an_end_goes_on():
    problem, _ = problem_of("mixture")
    some = itertools.islice(
        particle_regression.solve(problem, ParticleDescent(particles=10, step=0.02), context()), 5
    )
    assert [int(c.reports["steps"]) for c in some] == [0, 32, 64, 96, 128]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"particles": 0}, "particles is 0; expected a whole number >= 1"),
        ({"step": -0.1}, "step is -0.1; expected a finite number >= 0"),
        ({"step": float("inf")}, "step is inf; expected a finite number >= 0"),
        ({"batch": -1}, "batch is -1"),
        ({"steps": -5}, "steps is -5"),
        ({"temperature": -1.0}, "temperature is -1.0; expected a number >= 0"),
    ],
)
def test_bad_parameters_are_refused(values, text):
    with pytest.raises(ValueError, match=text):
        NoisyDescent(**values)
