"""Graded grids: nested, of second order, and exact where equidistant ones are in their own coordinates."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from mfbench.tasks.committor import CommittorProblem
from mfbench_committor import face, mueller, spheres, triple_well, two_channel_quartic
from mfbench_committor.entries.face import FaceParameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.entries.spheres import SpheresParameters
from mfbench_committor.entries.triple_well import TripleWellParameters
from mfbench_committor.entries.two_channel_quartic import TwoChannelQuarticParameters
from mfbench_grid.blocks.committor_ladder import first_grid
from mfbench_grid.blocks.graded_grid import GradedGrid, Grading
from mfbench_grid.blocks.grid_field import GridField
from mfbench_grid.blocks.small_sets import FLATTEST, LONGEST, SMALL, small_parts
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters
from mfbench_grid.committor_finite_volume import solve

ALONG = Grading(-1.0, 2.0, np.array([-0.4, 1.1]), np.array([0.01, 0.003]))
ACROSS = Grading(0.0, 1.0, np.array([0.5]), np.array([0.002]))
CENTRE = np.array([0.013, 0.027, 0.041])
PLAIN = CommittorFiniteVolumeParameters(extrapolate=False)


@pytest.fixture
def grid():
    return GradedGrid.by([ALONG, ACROSS], [24, 17])


def test_positions_of_nodes_are_their_numbers(grid):
    whole = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(grid.positions(grid.points()), whole, atol=1e-9)
    assert (grid.axes[0][0], grid.axes[0][-1], grid.axes[1][0], grid.axes[1][-1]) == (-1.0, 2.0, 0.0, 1.0)


def test_every_second_node_of_the_finer_grid_is_one_of_this(grid):
    for coarse, fine in zip(grid.axes, grid.halved().axes, strict=True):
        np.testing.assert_array_equal(fine[::2], coarse)


def test_paces_are_slopes_of_positions(grid):
    x, step = np.random.default_rng(0).uniform([-0.99, 0.01], [1.99, 0.99], (200, 2)), 1e-6
    for axis in range(2):
        move = step * np.eye(2)[axis]
        slope = (grid.positions(x + move) - grid.positions(x - move))[:, axis] / (2 * step)
        np.testing.assert_allclose(grid.paces(x)[:, axis], slope, rtol=1e-4)


def test_cells_fill_the_box_and_steps_are_distances_of_neighbours(grid):
    assert np.sum(grid.volumes()) == pytest.approx(3.0, rel=1e-12)
    x = grid.points()
    for axis in range(2):
        low, high = grid.neighbours(axis)
        np.testing.assert_allclose(grid.steps(axis), (x[high] - x[low])[:, axis], rtol=1e-12)
        assert np.sum(grid.faces(axis)) == pytest.approx((3.0 if axis else 1.0) * (len(grid.axes[axis]) - 1))


def test_nodes_stand_close_about_small_sets(grid):
    steps = np.diff(grid.axes[0])
    for middle, radius in zip(ALONG.middles, ALONG.radii, strict=True):
        nearest = np.argmin(np.abs(grid.axes[0] - middle))
        assert steps[nearest] < 2.5 * radius < 0.1 * np.max(steps)


def test_an_equidistant_grid_has_steps_and_paces_too():
    even = TensorGrid.over(np.array([[0.0, 0.0], [1.0, 2.0]]), (4, 5))
    x = even.points()
    for axis, h in enumerate((0.25, 0.4)):
        low, high = even.neighbours(axis)
        np.testing.assert_allclose(even.steps(axis), (x[high] - x[low])[:, axis], rtol=1e-12)
        np.testing.assert_allclose(even.paces(x)[:, axis], 1.0 / h)


def test_what_is_a_quintic_in_positions_is_interpolated_exactly(grid):
    def value(x):
        u = grid.positions(x) / np.array(grid.shape)
        return u[:, 0] ** 5 - 2.0 * u[:, 0] ** 2 * u[:, 1] ** 3 + u[:, 1]

    nodes = grid.points()
    field = GridField.through(
        grid, np.ones(len(nodes), bool), value(nodes), np.ones(len(nodes)), nodes[:1], value(nodes[:1])
    )
    x, step = np.random.default_rng(1).uniform([-0.9, 0.1], [1.9, 0.9], (300, 2)), 1e-7
    np.testing.assert_allclose(field.value(x), value(x), atol=1e-10)
    slopes = [(value(x + step * e) - value(x - step * e)) / (2 * step) for e in np.eye(2)]
    np.testing.assert_allclose(field.gradient(x), np.stack(slopes, axis=1), rtol=1e-4, atol=1e-5)


def shell(dim, radius, starts):
    """No force; A outside the unit sphere about a centre, B a small ball in it, known by its start points alone."""
    centre = CENTRE[:dim]
    problem = CommittorProblem(
        dim=dim,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: 1.0 - np.sum((x - centre) ** 2, axis=1),
        boundary_b=lambda x: np.sum((x - centre) ** 2, axis=1) - radius**2,
        start_a=centre + 1.1 * np.eye(dim)[:1],
        start_b=centre + radius * np.array(starts, float),
        box=np.stack([centre - 1.25, centre + 1.25]),
    )
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((2000, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    x = centre + directions * rng.uniform(radius**dim, 1.0, (2000, 1)) ** (1 / dim)
    distance = np.linalg.norm(x - centre, axis=1)
    q = np.log(distance) / np.log(radius) if dim == 2 else (1 / distance - 1) / (1 / radius - 1)
    return problem, x, q


def wrmse(checkpoint, x, q):
    """Weighted by q (1 - q)."""
    weights, found = q * (1 - q), np.asarray(checkpoint.evaluate(checkpoint.state, x))
    return np.sqrt(np.sum(weights * (found - q) ** 2) / np.sum(weights))


@pytest.mark.parametrize("dim", [2, 3])
def test_small_balls_are_found_once_from_wherever_one_starts(dim):
    starts = [np.zeros(dim), 0.9 * np.eye(dim)[0], -0.6 * np.eye(dim)[1] + 0.6 * np.eye(dim)[0]]
    for order in (starts, starts[::-1], starts[1:2]):
        problem, _, _ = shell(dim, 0.01, order)
        middles, radii = small_parts(problem, np.full(dim, 0.08))
        np.testing.assert_allclose(middles, CENTRE[None, :dim], atol=1e-6)
        np.testing.assert_allclose(radii, np.full((1, dim), 0.01), rtol=1e-3)


def count(problem, spacing):
    return len(small_parts(problem, np.full(problem.dim, spacing)).middles)


def test_what_is_narrower_than_a_spacing_along_some_axis_is_small():
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    assert count(problem, 0.98 * 0.02 / SMALL[2]) == 0 < count(problem, 1.02 * 0.02 / SMALL[2])
    slab = dataclasses.replace(problem, boundary_b=lambda x: np.abs(x[:, 0] - 0.013) - 1e-4)
    assert count(slab, 0.1) == 0, "it is as long as the box"
    corner = problem.box[1]
    wall = dataclasses.replace(
        problem,
        boundary_a=lambda x: np.linalg.norm(x, axis=1) - 0.01,
        start_a=np.zeros((1, 2)),
        boundary_b=lambda x: np.linalg.norm(x - corner, axis=1) - 0.01,
        start_b=corner[None] - 0.002,
    )
    assert count(wall, 0.1) == 2, "what goes on beyond the box ends at its wall"
    two = dataclasses.replace(
        problem,
        boundary_b=lambda x: (
            np.minimum(*(np.linalg.norm(x - at, axis=1) for at in (np.zeros(2), np.ones(2) / 2))) - 0.01
        ),
        start_b=np.array([[0.005, 0.0], [0.5, 0.505], [0.0, -0.003]]),
    )
    assert count(two, 0.1) == 2


def test_a_wall_of_the_box_is_an_end():
    """A disc next to it, one that it cuts, and one beyond it, of which no start point in the box tells."""
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    low = problem.box[0]
    for away, expected in ((0.02, (0.02, 0.01)), (0.006, (0.008, 0.008)), (-0.02, None)):
        centre = np.array([0.1, low[1] + away])
        disc = dataclasses.replace(
            problem,
            boundary_a=lambda x: np.sum((x - 0.2) ** 2, axis=1) - 0.09,
            start_a=np.array([[0.2, 0.2]]),
            boundary_b=lambda x, centre=centre: np.sum((x - centre) ** 2, axis=1) - 0.01**2,
            start_b=centre[None],
        )
        middles, radii = small_parts(disc, np.full(2, 0.08))
        assert len(middles) == (expected is not None)
        if expected:
            middle, radius = expected
            np.testing.assert_allclose(middles, [[0.1, low[1] + middle]], atol=1e-4)
            np.testing.assert_allclose(radii, [[0.01, radius]], rtol=0.05)


def test_parts_as_far_apart_as_the_longest_chord_are_two():
    """Half of it leads out of a part, and all of it into the other."""
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    longest = LONGEST * 0.08
    for away in (0.7 * longest, longest, 1.3 * longest):
        centres = np.array([[-0.3, 0.1], [-0.3 + away, 0.1]])
        two = dataclasses.replace(
            problem,
            boundary_b=lambda x, centres=centres: (
                np.min(np.linalg.norm(x[:, None] - centres, axis=2), axis=1) - 0.01
            ),
            start_b=centres,
        )
        assert count(two, 0.08) == 2


def test_many_small_parts_take_each_others_nodes_away():
    """Then grids are equidistant."""
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    for number, kind in ((2, GradedGrid), (40, TensorGrid)):
        centres = np.random.default_rng(0).uniform(-0.6, 0.6, (number, 2))
        many = dataclasses.replace(
            problem,
            boundary_b=lambda x, centres=centres: (
                np.min(np.linalg.norm(x[:, None] - centres, axis=2), axis=1) - 0.01
            ),
            start_b=centres,
        )
        assert count(many, 0.08) > 0.9 * number and type(first_grid(many)) is kind


def test_flat_and_tilted_parts():
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    axes = np.array([0.01, 0.003])

    def ellipse(turn):
        return lambda x: np.sum(((x - 0.2) @ turn / axes) ** 2, axis=1) - 1.0

    flat = dataclasses.replace(problem, boundary_b=ellipse(np.eye(2)), start_b=np.array([[0.204, 0.201]]))
    middles, radii = small_parts(flat, np.full(2, 0.08))
    np.testing.assert_allclose(middles, [[0.2, 0.2]], atol=1e-6)
    np.testing.assert_allclose(radii, [axes], rtol=1e-3)
    axes = np.array([0.04, 0.0005])
    long = dataclasses.replace(problem, boundary_b=ellipse(np.eye(2)), start_b=np.array([[0.21, 0.2]]))
    middles, radii = small_parts(long, np.full(2, 0.08))
    np.testing.assert_allclose(middles, [[0.2, 0.2]], atol=1e-5)
    np.testing.assert_allclose(radii, [[0.04, 0.04 * FLATTEST]], rtol=1e-3)
    axes = np.array([0.01, 0.003])
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2.0)
    ends = 0.2 + 0.009 * np.array([[1.0, 1.0], [-1.0, -1.0]]) / np.sqrt(2.0)
    tilted = dataclasses.replace(problem, boundary_b=ellipse(turn), start_b=ends)
    assert count(tilted, 0.08) == 1


def test_on_a_line_and_outside_the_box_nobody_asks():
    def careful(function, box):
        def asked(x):
            assert np.all((x >= box[0]) & (x <= box[1]))
            return function(x)

        return asked

    line = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: np.abs(x[:, 0] + 0.5) - 1e-4,
        boundary_b=lambda x: 0.5 - x[:, 0],
        start_a=np.array([[-0.5]]),
        start_b=np.array([[0.6]]),
        box=np.array([[-1.0], [1.0]]),
    )
    assert count(line, 0.1) == 0
    problem, _, _ = shell(2, 0.01, [[0.0, 0.0]])
    beyond = np.concatenate([problem.box[1:], problem.box[1:] + 0.1])
    problem = dataclasses.replace(problem, start_a=beyond)
    object.__setattr__(problem, "boundary_a", careful(problem.boundary_a, problem.box))
    object.__setattr__(problem, "boundary_b", careful(problem.boundary_b, problem.box))
    assert count(problem, 0.1) == 1


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        (mueller, MuellerParameters(temperature=10.0)),
        (mueller, MuellerParameters(temperature=10.0, discs="offset")),
        (triple_well, TripleWellParameters()),
        (face, FaceParameters()),
        (two_channel_quartic, TwoChannelQuarticParameters()),
        (spheres, SpheresParameters(dim=3)),
    ],
)
def test_sets_that_are_large_enough_have_equidistant_grids(family, parameters):
    assert type(first_grid(family.build(parameters, 0))) is TensorGrid


def test_narrow_discs_have_graded_ones():
    assert (
        type(first_grid(mueller.build(MuellerParameters(temperature=10.0, discs="narrow"), 0))) is GradedGrid
    )


@pytest.mark.parametrize("dim", [2, 3])
def test_the_estimate_is_of_the_size_of_the_error_and_gradients_are_right(timeless, dim):
    """q = log |x - c| / log r, or (1 / |x - c| - 1) / (1 / r - 1); gradients next to the ball come from fits."""
    radius = 0.01
    problem, x, q = shell(dim, radius, [np.zeros(dim)])
    *_, last = itertools.islice(solve(problem, PLAIN, timeless), 3)
    error = wrmse(last, x, q)
    assert 0.1 * error < last.reports["error_estimate"] < 10 * error
    away = x - CENTRE[:dim]
    distance = np.linalg.norm(away, axis=1, keepdims=True)
    exact = away / distance**2 / np.log(radius) if dim == 2 else -away / distance**3 / (1 / radius - 1)
    weights, slopes = (q * (1 - q))[:, None], np.asarray(last.gradient(last.state, x))
    assert np.sqrt(np.sum(weights * (slopes - exact) ** 2) / np.sum(weights * exact**2)) < 0.03


@pytest.mark.parametrize(
    ("dim", "radius", "grids", "most"),
    [(2, 1e-3, 3, 2e-5), (2, 1e-4, 3, 5e-5), (2, 1e-6, 4, 5e-5), (3, 1e-2, 3, 3e-4)],
)
def test_a_ball_far_below_any_spacing_is_solved(timeless, dim, radius, grids, most):
    """Equidistant grids of as many nodes: .044, more, and .042."""
    problem, x, q = shell(dim, radius, [np.zeros(dim)])
    *_, last = itertools.islice(solve(problem, CommittorFiniteVolumeParameters(), timeless), grids)
    assert wrmse(last, x, q) < most
    rate = 2 * np.pi / (-np.log(radius)) if dim == 2 else 4 * np.pi / (1 / radius - 1)
    assert abs(last.reports["rate"] - rate / 2.5**dim) < last.reports["rate_error"] < 0.02 * rate / 2.5**dim


def test_plain_answers_are_of_second_order(timeless):
    problem, x, q = shell(2, 1e-3, [[0.0, 0.0]])
    errors = np.array([wrmse(grid, x, q) for grid in itertools.islice(solve(problem, PLAIN, timeless), 4)])
    orders = np.log2(errors[1:-1] / errors[2:])
    assert np.all(orders > 1.8) and np.all(orders < 2.3)
