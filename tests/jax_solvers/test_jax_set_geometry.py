"""The time step that sets ask for: closed forms, invariance under factors, and shots between spheres."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_committor import arc, spheres
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.spheres import SpheresParameters
from mfbench_jax.blocks.set_geometry import BENT, GAP, boundary_point, curvature, longest_step
from mfbench_jax.blocks.tempering import tempered_places
from mfbench_jax.blocks.trajectories import IN_B, NEITHER, make_advance, started, step_of

ALARM = 1e-5
KEY = jax.random.key(1, impl="rbg")


def shell(dim, inner=1.0, outer=2.0, beta=1.0, factor=None):
    """V = 0, A = {|x| <= inner}, B = {|x| >= outer}."""

    def boundary_a(x):
        return jnp.sqrt(jnp.sum(jnp.asarray(x) ** 2, axis=1)) - inner

    def boundary_b(x):
        return outer - jnp.sqrt(jnp.sum(jnp.asarray(x) ** 2, axis=1))

    if factor is not None:
        boundary_a, boundary_b = (
            scrambled(boundary_a, dim, factor, 1.0),
            scrambled(boundary_b, dim, factor + 1, 1.0),
        )
    start = np.zeros((4, dim))
    start[:, 0] = 1.0
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=0.9 * inner * start,
        start_b=1.1 * outer * start,
        box=np.array([[-2.5] * dim, [2.5] * dim]),
    )


@pytest.mark.parametrize("factor", [None, 3])
@pytest.mark.parametrize("dim", [2, 10])
def test_balls_have_the_curvature_of_their_radius_whatever_the_factor(dim, factor):
    problem = shell(dim, 0.7, 2.0, factor=factor)
    points = boundary_point(problem.boundary_a, problem.start_a, problem.start_b)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 0.7, rtol=1e-12)
    np.testing.assert_allclose(
        curvature(problem.boundary_a, points, np.ones(dim)), (dim - 1) / 0.7, rtol=1e-6
    )


def test_a_part_that_only_later_start_points_tell_of_is_seen():
    """B is 4.9 to the right of A, and .3 to the left of it."""
    starts = np.repeat([[5.5], [-0.6]], 20, axis=0)
    problem = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: jnp.abs(jnp.asarray(x)[:, 0]) - 0.1,
        boundary_b=lambda x: jnp.minimum(5.0 - jnp.asarray(x)[:, 0], jnp.asarray(x)[:, 0] + 0.4),
        start_a=np.zeros((1, 1)),
        start_b=starts,
        box=np.array([[-1.0], [6.0]]),
    )
    assert longest_step(problem, np.ones(1)) == pytest.approx(0.5 * (GAP * 0.3) ** 2)


def test_the_step_is_that_of_the_formula():
    gap, bent = 1.0, 9.0
    assert longest_step(shell(10), np.ones(10)) == pytest.approx(0.5 * 2.0 * BENT * gap / bent)
    assert type(step_of(shell(10), shell(10).start_a)[0]) is float, "walkers of single precision stay so"
    # The smaller ball decides where it is smaller than the gap.
    assert longest_step(shell(10, 0.2, 2.0), np.ones(10)) == pytest.approx(0.5 * 2.0 * BENT * 0.2 / 45.0)


def test_twice_the_lengths_take_four_times_as_long_and_beta_scales():
    once = longest_step(shell(3), np.ones(3))
    twice = shell(3, 2.0, 4.0)
    assert longest_step(twice, np.ones(3)) == pytest.approx(4.0 * once)
    assert longest_step(shell(3, beta=7.0), np.ones(3)) == pytest.approx(7.0 * once)
    # Noise of twice the strength is a space of half the size.
    assert longest_step(twice, np.full(3, 2.0)) == pytest.approx(once)


def test_in_one_direction_the_gap_alone_counts():
    """Planes across the only noise; where another direction has none, its bends do not matter."""
    line = shell(1)
    assert longest_step(line, np.ones(1)) == pytest.approx(0.5 * GAP**2)
    assert longest_step(shell(2), np.array([1.0, 0.0])) == pytest.approx(0.5 * GAP**2)


def test_sets_that_meet_at_a_cut_bound_nothing():
    problem = arc.build(ArcParameters(dim=2), 0)
    assert longest_step(problem, np.ones(2)) == math.inf


@pytest.mark.slow
@pytest.mark.parametrize("dim", [2, 10])
def test_shots_between_spheres_end_in_b_as_often_as_the_closed_form_says(dim):
    """q = (g(r) - g(1)) / (g(2) - g(1)), g = log r or -r^(2 - d): V has no curvature, so the sets alone bound the step."""
    problem, number = shell(dim, beta=2.0), 3000
    dt, _ = step_of(problem, tempered_places(problem, 0).places[:64])
    assert dt == longest_step(problem, np.ones(dim))
    rng = np.random.default_rng(5)
    x = rng.normal(size=(number, dim))
    x *= 1.2 / np.linalg.norm(x, axis=1, keepdims=True)
    ended = np.asarray(make_advance(problem, dt)(KEY, started(problem, jnp.asarray(x)), 6000).last)
    assert np.all(ended != NEITHER)

    def potential(r):
        return math.log(r) if dim == 2 else -(r ** (2.0 - dim))

    q = (potential(1.2) - potential(1.0)) / (potential(2.0) - potential(1.0))
    hits = int(np.sum(ended == IN_B))
    # The step's own bias may be as large as BENT.
    low, high = stats.binomtest(hits, number).proportion_ci(1.0 - ALARM)
    assert low < (1.0 + BENT) * q and high > (1.0 - BENT) * q


def test_the_standard_spheres_are_not_jumped_over():
    """Ten dimensions, no stiffness: a step of the drift's length would cross the whole shell."""
    problem = spheres.build(SpheresParameters(dim=10), 0)
    dt, _ = step_of(problem, tempered_places(problem, 0).places[:64])
    gap = float(np.linalg.norm(problem.start_b[0] - problem.start_a[0]))
    assert math.sqrt(2.0 * dt / problem.beta) < 0.25 * gap
