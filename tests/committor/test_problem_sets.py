"""A and B as solvers see them: sign, slope, smoothness, scrambled levels, start points, box."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_committor import arc, double_well
from mfbench_committor.blocks.extent import OUTSIDE
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.double_well import DoubleWellParameters

SEED = 11
FACTOR = math.exp(1.5)  # three sines of amplitude 1/2 in the exponent


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def test_sets_are_where_the_formula_says(case):
    problem, x = case.build(), case.cloud(4000)
    t = case.coordinate(x)
    np.testing.assert_array_equal(problem.in_a(x), t <= -case.end)
    np.testing.assert_array_equal(problem.in_b(x), t >= case.end)
    assert problem.in_a(x).sum() > 100
    assert problem.in_b(x).sum() > 100


def test_judged_points_lie_outside_the_sets(case):
    problem, judge = case.build(), case.judge()
    for points in (judge.reactive, judge.flat, judge.equilibrium, judge.energy):
        assert not np.any(problem.in_a(points.x) | problem.in_b(points.x))


def test_boundary_functions_vanish_with_a_slope_on_the_boundary(case):
    problem, rng = case.build(), np.random.default_rng(3)
    for side, function in ((-1, problem.boundary_a), (1, problem.boundary_b)):
        x = case.at(np.full(50, side * case.end), rng, problem.beta)
        np.testing.assert_allclose(function(x), 0.0, atol=1e-13)
        gradient = np.asarray(jax.vmap(jax.grad(lambda x, f=function: f(x[None])[0]))(jnp.asarray(x)))
        sizes = np.linalg.norm(gradient, axis=1)
        assert sizes.min() > 0.999 / FACTOR
        assert sizes.max() < 1.001 * FACTOR


@pytest.mark.parametrize("name", ["boundary_a", "boundary_b"])
def test_boundary_functions_are_smooth_outside_the_sets(case, name):
    """Along the path from A to B second differences shrink like the squared step: no jump, no kink."""
    function = getattr(case.build(), name)
    frozen = 1e30  # beta at which the lift leaves the path through the modes' minima
    path = case.at(np.linspace(-case.end, case.end, 801), np.random.default_rng(4), frozen)
    fine, coarse = (np.max(np.abs(np.diff(function(path[::k]), 2))) for k in (1, 2))
    assert fine < 1e-12 or coarse / fine == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("module", "kind"),
    [(double_well, DoubleWellParameters), (arc, ArcParameters)],
    ids=["double-well", "arc"],
)
def test_scrambled_levels_keep_the_sets_and_hide_the_coordinate(module, kind):
    hidden, plain = (module.build(kind(levels=levels), SEED) for levels in ("scrambled", "exact"))
    x = np.random.default_rng(1).normal(0, 0.7, (2000, 10))
    factors = []
    for function, exact in ((hidden.boundary_a, plain.boundary_a), (hidden.boundary_b, plain.boundary_b)):
        ratio = function(x) / exact(x)
        assert ratio.min() > 0.999 / FACTOR, "the same sign and zero set"
        assert ratio.max() < 1.001 * FACTOR
        assert np.std(np.log(ratio)) > 0.2, "other level sets"
        factors.append(np.log(ratio))
    assert abs(np.corrcoef(factors)[0, 1]) < 0.9, "A and B have factors of their own"
    np.testing.assert_array_equal(hidden.start_a, plain.start_a)


def test_start_points_lie_inside_and_span_the_space(case):
    problem = case.build()
    for points, own, other in (
        (problem.start_a, problem.in_a, problem.in_b),
        (problem.start_b, problem.in_b, problem.in_a),
    ):
        assert np.all(own(points))
        assert not np.any(other(points))
        assert len(np.unique(points, axis=0)) == len(points)
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        assert spread[-1] > 0.02 * spread[0], "on no line and in no plane"


def test_box_is_a_cube_that_holds_the_measure(case):
    problem, judge = case.build(), case.judge()
    radius = problem.box[1, 0]
    np.testing.assert_array_equal(problem.box, radius * np.array([[-1.0], [1.0]]) * np.ones(problem.dim))
    norms = np.linalg.norm(judge.equilibrium.x, axis=1)
    assert norms.max() < radius < 3 * norms.max()
    if case.module is arc and problem.dim == 2:  # r is log-normal, in closed form
        mean, deviation = arc.radial_law(problem.beta)
        tail = math.erfc((math.log(radius) - mean) / deviation / math.sqrt(2)) / 2
        assert tail == pytest.approx(OUTSIDE, rel=0.05)
