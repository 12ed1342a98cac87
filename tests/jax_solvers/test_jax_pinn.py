"""The backward equation at points: derivatives and residual against closed forms, and `pinn` as a whole."""

import dataclasses
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax import pinn
from mfbench_jax.blocks import network
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.collocation import Points, no_points, residual, surveyor
from mfbench_jax.blocks.distance import distance_to
from mfbench_jax.blocks.distance_lift import DistanceLift, Layer, Profile, asked_for, distance_lift, lift_jet
from mfbench_jax.blocks.forward_laplacian import jet
from mfbench_jax.blocks.jet import Jet
from mfbench_jax.blocks.landscape import SURVEYED, survey
from mfbench_jax.blocks.lift import lift_of
from mfbench_jax.blocks.scaled import scaled
from mfbench_jax.pinn_entry import PINN, Pinn

SMALL = Pinn(windows=6, ladders=8, width=16, cooling=200)


def differentiated(field, mobility):
    """x (n, d) -> Jet of a field (n, d) -> (n,) with Lap_M, by automatic differentiation."""

    def one(y):
        return field(y[None])[0]

    def jet(x):
        hessian = jax.vmap(jax.hessian(one))(x)
        return Jet(field(x), jax.vmap(jax.grad(one))(x), jnp.einsum("nii,i->n", hessian, mobility))

    return jax.jit(jet)


def surveyed(problem, lift, x):
    """The points at x (n, d)."""
    mobility = np.ones(problem.dim) if problem.mobility is None else problem.mobility
    return surveyor(problem, differentiated(lift, mobility))(survey(problem, lift)(x))


def windy_points(problem, number=200):
    lift = lift_of(problem, 0.3)
    x = jnp.asarray(np.random.default_rng(0).uniform([-0.9, -2.0], [0.9, 2.0], (number, 2)))
    return lift, surveyed(problem, lift, x)


@pytest.mark.slow
def test_the_forward_laplacian_is_the_weighed_trace_of_the_hessian():
    layers = network.perceptron(jax.random.key(1), 5, 7, 3, jnp.float64)
    layers[-1] = network.Layer(jax.random.normal(jax.random.key(2), (7, 1)), layers[-1].bias + 0.4)
    u = jax.random.normal(jax.random.key(3), (11, 5), jnp.float64)
    mobility = np.array([1.0, 0.0, 2.0, 0.5, 3.0])
    found = jet(layers, u, mobility)

    def g(u):
        return network.apply(layers, u[None])[0]

    np.testing.assert_allclose(found.value, jax.vmap(g)(u), rtol=1e-12)
    np.testing.assert_allclose(found.gradient, jax.vmap(jax.grad(g))(u), rtol=1e-11, atol=1e-13)
    hessian = jax.jit(jax.vmap(jax.hessian(g)))(u)
    weighed = jnp.einsum("nii,i->n", hessian, mobility)
    np.testing.assert_allclose(found.laplacian, weighed, rtol=1e-10, atol=1e-12)


def test_the_lift_of_distances_has_the_weighed_trace_of_its_hessian():
    """Two balls, whose distances are closed and whose boundary functions carry factors, against differentiation."""
    centres, radii, profile = (
        np.array([[-1.5, 0.2, 0.0], [1.4, 0.0, -0.3]]),
        (0.5, 0.4),
        Profile(0.5, 0.7, 2.0),
    )
    mobility = np.array([0.0, 0.5, 2.0])

    def boundary(centre, radius):
        return lambda x: (jnp.sum((x - centre) ** 2, axis=1) - radius**2) * (1.5 + jnp.sin(x[:, 1]))

    def layer_at(centre, radius):
        def layer(x):
            t = jnp.sqrt(jnp.sum((x - centre) ** 2, axis=1)) - radius
            return jnp.log(profile(t))

        return layer

    rng = np.random.default_rng(4)
    directions = rng.standard_normal((2, 60, 3))
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    x = (
        centres[:, None]
        + (np.array(radii)[:, None] + rng.uniform(0.01, 0.4, (2, 60)))[..., None] * directions
    )
    x = x.reshape(-1, 3)
    distances = [
        distance_to(boundary(c, r), c + 0.2 * rng.standard_normal((16, 3)), 2.0)
        for c, r in zip(centres, radii, strict=True)
    ]
    assert min(distance.trusted for distance in distances) > 0.4
    found = lift_jet(DistanceLift(*(Layer(t, profile) for t in distances)), mobility)(x)
    at_a, at_b = (layer_at(c, r) for c, r in zip(centres, radii, strict=True))
    exact = differentiated(lambda x: at_a(x) - at_b(x), mobility)(x)
    np.testing.assert_allclose(found.value, exact.value, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.gradient, exact.gradient, rtol=1e-6, atol=1e-7)
    assert np.mean(np.abs(exact.laplacian) > 1.0) > 0.5
    np.testing.assert_allclose(found.laplacian, exact.laplacian, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_the_residual_vanishes_at_the_committor_of_a_drift_that_is_no_gradient(windy):
    lift, points = windy_points(windy.problem)

    def g(x):
        q = windy.committor(x)
        return jnp.log(q) - jnp.log1p(-q) - lift(x[None])[0]

    value, slope = jax.jit(jax.vmap(jax.value_and_grad(g)))(points.x)
    hessian = jax.jit(jax.vmap(jax.hessian(g)))(points.x)
    learned = Jet(value, slope, jnp.trace(hessian, axis1=1, axis2=2))
    assert bool(jnp.all(points.usable))
    found = residual(learned, points, np.ones(2))
    np.testing.assert_allclose(found.r, 0.0, atol=1e-4)
    assert float(jnp.min(found.square)) > 1.0
    still = residual(learned, points._replace(drift=points.drift * jnp.asarray([0.0, 1.0])), np.ones(2))
    assert float(jnp.min(jnp.abs(still.r))) > 1.0


KINETIC_BETA = 2.0


def kinetic(windy_velocity=0.3, friction=0.5):
    """dx = (p + w) dt, dp = -friction p dt + noise: e^{-beta friction w (x + p / friction)} is a martingale, and not
    linear in p, the only direction of the noise."""
    return CommittorProblem(
        dim=2,
        beta=KINETIC_BETA,
        potential=lambda x: 0.5 * jnp.asarray(x)[:, 1] ** 2,
        boundary_a=lambda x: (x[:, 0] / 0.4) ** 2 + (x[:, 1] / 0.4) ** 2 - 1.0,
        boundary_b=lambda x: ((x[:, 0] - 4.0) / 0.4) ** 2 + (x[:, 1] / 0.4) ** 2 - 1.0,
        start_a=np.array([[0.0, 0.1], [0.1, -0.1]]),
        start_b=np.array([[4.0, 0.1], [4.1, -0.1]]),
        box=np.array([[-1.0, -2.0], [5.0, 2.0]]),
        circulation=lambda x: jnp.stack([x[:, 1] + windy_velocity, 0.0 * x[:, 1]], axis=1),
        mobility=np.array([0.0, friction]),
    ), lambda x: jnp.exp(-KINETIC_BETA * friction * windy_velocity * (x[..., 0] + x[..., 1] / friction) - 2.0)


def test_the_residual_vanishes_at_a_martingale_of_a_process_with_noise_in_one_direction():
    problem, f = kinetic()
    lift = lift_of(problem, 0.3)
    x = jnp.asarray(np.random.default_rng(0).uniform([1.0, -0.8], [3.0, 0.8], (200, 2)))
    points = surveyed(problem, lift, x)

    def g(x):
        return jnp.log(f(x)) - jnp.log1p(-f(x)) - lift(x[None])[0]

    hessian = jax.jit(jax.vmap(jax.hessian(g)))(points.x)
    value, slope = jax.jit(jax.vmap(jax.value_and_grad(g)))(points.x)
    found = residual(Jet(value, slope, 0.5 * hessian[:, 1, 1]), points, problem.mobility)
    np.testing.assert_allclose(found.r, 0.0, atol=1e-4)
    elsewhere = residual(Jet(value, slope, 0.5 * hessian[:, 1, 1]), points, np.zeros(2))
    assert float(jnp.min(jnp.abs(elsewhere.r))) > 1e-2


def test_points_in_a_set_or_without_finite_fields_are_not_usable_and_hold_no_nan(windy):
    problem = dataclasses.replace(
        windy.problem,
        potential=lambda x: jnp.sqrt(1.0 - jnp.asarray(x)[:, 1]),
        box=np.array([[-4.0, -4.0], [4.0, 0.9]]),
    )
    lift = lift_of(problem, 0.3)
    x = jnp.asarray([[0.0, 0.0], [-1.5, 0.0], [1.5, 0.0], [0.0, 2.0]])
    seen = surveyed(problem, lift, x)
    assert list(np.asarray(seen.usable)) == [True, False, False, False]
    assert all(bool(jnp.all(jnp.isfinite(part))) for part in seen)
    assert not bool(jnp.any(no_points(3, 2).usable)) and isinstance(no_points(3, 2), Points)


def test_the_heat_falls_in_equal_ratios_to_one():
    heat = pinn.heat_at(jnp.asarray([0.0, 50.0, 100.0, 300.0]), Pinn(hottest=9.0, cooling=100))
    np.testing.assert_allclose(heat, [9.0, 3.0, 1.0, 1.0])
    assert float(pinn.median(jnp.asarray([3.0, 1.0, 9.0]), jnp.zeros(3, bool))) == 0.0


def checkpoints(problem, count, seed=0):
    context = mfbench.Context(seed=seed, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    return list(itertools.islice(pinn.solve(problem, SMALL, context), count))


@pytest.fixture(scope="module")
def run(well):
    return checkpoints(well[0], 60)


def test_exact_on_a_and_b_and_strictly_between_elsewhere(run, well):
    problem, judge = well
    last = run[-1]
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_a)) == 0.0)
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_b)) == 1.0)
    values = np.asarray(last.evaluate(last.state, judge.reactive.x[:2000]))
    assert values.dtype == np.float64
    assert np.all((values > 0) & (values < 1))


def test_one_evaluate_and_honest_work(run, well):
    walkers = SMALL.windows * SMALL.ladders
    expected = [walkers * (1 + n * pinn.LOOKS * SMALL.moves) for n in range(len(run))]
    inner = scaled(well[0], scale_of(well[0]))
    before = SURVEYED + inner.asked + asked_for(distance_lift(inner), inner)
    assert [checkpoint.work["evaluations"] - before for checkpoint in run] == expected
    assert len({id(checkpoint.evaluate) for checkpoint in run}) == 1
    assert all(math.isfinite(value) for checkpoint in run for value in checkpoint.reports.values())
    cold = -(-SMALL.cooling // pinn.UPDATES)
    assert 1 < cold < len(run) - 1
    assert not any("rate" in checkpoint.reports for checkpoint in run[: cold + 1]), "of other temperatures"
    assert "rate" in run[cold + 1].reports


def test_far_better_than_the_bare_lift_and_near_the_rate(run, well):
    judge = well[1]
    first, last = (
        judge.headline(np.asarray(c.evaluate(c.state, judge.reactive.x))).value for c in (run[0], run[-1])
    )
    assert last < first / 5
    assert run[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=0.5)


@pytest.mark.slow
def test_a_wind_is_followed(windy):
    """At its closed form; the committor without the wind would be .2 off."""
    last = checkpoints(windy.problem, 60)[-1]
    x = np.random.default_rng(1).uniform([-0.95, -1.0], [0.95, 1.0], (500, 2))
    exact = np.asarray(windy.committor(x))
    assert np.sqrt(np.mean((0.5 * (1.0 + x[:, 0]) - exact) ** 2)) > 0.15
    assert np.sqrt(np.mean((np.asarray(last.evaluate(last.state, x)) - exact) ** 2)) < 0.03


@pytest.mark.slow
def test_same_seed_same_steps_other_seed_others(run, well):
    runs = [run[:8], checkpoints(well[0], 8), checkpoints(well[0], 8, seed=1)]
    states = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(r[-1].state)]) for r in runs]
    np.testing.assert_array_equal(states[0], states[1])
    assert np.any(states[0] != states[2])


def test_no_reversibility_is_asked_for():
    assert PINN.supports(mfbench.Facts(task="committor", dim=2, flags=frozenset())) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"windows": 2}, "windows is 2; expected a whole number >= 3"),
        ({"hottest": 0.5}, "hottest is 0.5; expected a finite number >= 1"),
        ({"hottest": float("inf")}, "hottest is inf; expected a finite number >= 1"),
        ({"cooling": 0}, "cooling is 0; expected a whole number >= 1"),
        ({"rate": 0.0}, "rate is 0.0; expected a finite number > 0"),
    ],
)
def test_parameters_are_checked(values, words):
    with pytest.raises(ValueError, match=words):
        Pinn(**values)
