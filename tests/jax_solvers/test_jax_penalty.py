"""Boundary values that are learned: where energy and penalty balance, against the closed form, and a trial."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context
from mfbench_jax.blocks.landscape import Places, survey
from mfbench_jax.blocks.lift import INNER, lift_of, no_lift
from mfbench_jax.blocks.penalty import HIGHEST, LEAST, at_sets, at_walkers, make_penalty
from mfbench_jax.blocks.sampler import Walkers
from mfbench_jax.is_sgd import solve
from mfbench_jax.is_sgd_entry import ImportanceSampling

IN_A, IN_B = jnp.asarray([1, 1, 0, 0, 0], bool), jnp.asarray([0, 0, 1, 1, 1], bool)


def symmetric(theta, _):
    """f = sigmoid(theta) at points of A and 1 - sigmoid(theta) at points of B."""
    return jnp.where(IN_A, theta, -theta), IN_A, IN_B


def log_energy(theta):
    """Logarithm of the energy of a f that goes from one to the other: it goes with the square of the contrast."""
    return 2.0 * jnp.log(1.0 - 2.0 * jax.nn.sigmoid(theta))


@pytest.mark.parametrize("strength", [1.0, 100.0, 1e4])
def test_energy_and_penalty_balance_where_the_formula_says(strength):
    """At f = 1 / (2 + p) on A; on either side of it the step goes there."""
    penalty = make_penalty(symmetric, strength)

    def slope(a):
        theta = jnp.log(a / (1.0 - a))
        return jax.grad(lambda t: log_energy(t) + penalty(t, None))(theta)

    a = 1.0 / (2.0 + strength)
    scale = abs(jax.grad(log_energy)(jnp.log(a / (1.0 - a))))
    assert abs(slope(a)) < 1e-9 * scale
    assert slope(0.9 * a) < 0.0 < slope(1.1 * a)


def test_a_constant_is_no_refuge():
    """Where f is nearly flat the penalty's slope outweighs that of the logarithm of the energy."""
    penalty = make_penalty(symmetric, 100.0)
    for contrast in (0.5, LEAST, 0.9 * LEAST):
        a = 0.5 * (1.0 - contrast)
        theta = jnp.log(a / (1.0 - a))
        assert jax.grad(lambda t: log_energy(t) + penalty(t, None))(theta) > 0.0
    assert np.isfinite(penalty(jnp.asarray(0.0), None))


def test_start_points_and_walkers_in_the_sets_are_asked(instance):
    problem = instance[0]
    rng = np.random.default_rng(5)
    x = rng.uniform(*problem.box, size=(4, 3, problem.dim))
    x[0, 0], x[1, 2] = problem.start_a[0], problem.start_b[0]
    places = survey(problem, no_lift)(jnp.asarray(x))
    walkers = Walkers(places, places.lift, places.lift_slope)
    logit, in_a, in_b = at_sets(problem, lambda params, rows: params * rows[:, 0])(2.0, walkers)
    rows = np.concatenate([problem.start_a, problem.start_b, x.reshape(-1, problem.dim)])
    np.testing.assert_allclose(logit, 2.0 * rows[:, 0], rtol=1e-12)
    assert np.array_equal(in_a, problem.in_a(rows)) and np.array_equal(in_b, problem.in_b(rows))
    inside = len(problem.start_a) + len(problem.start_b) + np.sum(~np.asarray(places.free))
    assert np.sum(in_a | in_b) == inside


def test_walkers_in_a_and_in_b_are_told_apart_by_the_lift(instance):
    problem = instance[0]
    x = np.concatenate([problem.start_a, problem.start_b, 0.5 * (problem.start_a[:8] + problem.start_b[:8])])
    places = survey(problem, lift_of(problem, 0.2))(jnp.asarray(x))
    walkers = Walkers(places, 0.7 + places.lift, places.lift_slope)
    logit, in_a, in_b = at_walkers(None, walkers)
    np.testing.assert_array_equal(in_a, problem.in_a(x))
    np.testing.assert_array_equal(in_b, problem.in_b(x))
    assert np.any(in_a) and np.any(in_b) and not np.all(in_a | in_b)
    np.testing.assert_allclose(logit[in_a], 0.7 - HIGHEST, rtol=1e-9)
    np.testing.assert_allclose(logit[in_b], 0.7 + HIGHEST, rtol=1e-9)


def test_a_lift_needs_no_penalty_until_what_is_learned_rises_within_a_thin_layer():
    """At walkers just inside the sets, where a lift is INNER's logarithm: of an honest solution it is hardly any and has no
    slope; where f is nearly 1 next to A it leads back down, where it is nearly 0 next to B back up."""
    edge = -float(np.log(INNER))
    lift = jnp.asarray([-edge, -edge - 2.0, edge, edge + 2.0, 0.0])
    free, x = jnp.asarray([False] * 4 + [True]), jnp.zeros((5, 1))
    places = Places(x, lift, x, lift, x, free)
    loss = jax.value_and_grad(lambda g: make_penalty(at_walkers, 100.0)(None, Walkers(places, g + lift, x)))
    value, slope = loss(0.0)
    assert value < 1e-2 and abs(slope) < 1e-2
    for g in (-HIGHEST - 2.0, -edge - 2.0, HIGHEST + 2.0, edge + 2.0):
        value, slope = loss(g)
        assert value > 50.0 and np.sign(g) * slope > 0.0
    assert loss(HIGHEST)[1] > 10.0 and loss(-HIGHEST)[1] < -10.0


def trained(well, number, **parameters):
    problem, judge = well
    context = Context(seed=11, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    asked = ImportanceSampling(windows=8, ladders=8, width=24, moves=3, boundary="penalty", **parameters)
    first, *_, last = itertools.islice(solve(problem, asked, context), number)
    return problem, judge, first, last


def test_boundary_values_are_learned(well):
    """Nothing tells the network where A and B are but the penalty: at first it is as wrong in A as anywhere."""
    problem, judge, first, last = trained(well, 301)

    def violations(one):
        in_a, in_b = (
            np.asarray(one.evaluate(one.state, points)) for points in (problem.start_a, problem.start_b)
        )
        return np.mean(in_a), np.mean(1.0 - in_b)

    assert all(value > 0.1 for value in violations(first))
    assert all(0.0 < value < 0.03 for value in violations(last)), "learned, and not exact"
    assert 0.0 < last.reports["boundary_violation"] < 2e-3
    errors = [
        judge.headline(np.asarray(one.evaluate(one.state, judge.inquiry.looks))).value
        for one in (first, last)
    ]
    assert errors[1] < 0.2 * errors[0]


@pytest.mark.parametrize("bad", [{"boundary": "none"}, {"penalty": 0.0}, {"penalty": float("nan")}])
def test_other_values_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        ImportanceSampling(**bad)
