"""`projected-grid`: exact where the reaction runs in a plane, and the plane's own laws."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

import mfbench
from mfbench.frames import random_rotation
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_committor import arc
from mfbench_committor.entries.arc import ArcParameters
from mfbench_grid import projected_grid
from mfbench_grid.blocks import plane as planes
from mfbench_grid.projected_grid_entry import PROJECTED_GRID, ProjectedGridParameters

DEFAULT = ProjectedGridParameters()


def checkpoints(problem, context, count):
    return list(itertools.islice(projected_grid.solve(problem, DEFAULT, context), count))


def values(checkpoint, x):
    return checkpoint.evaluate(checkpoint.state, x)


def balls(dim, height, seed=0):
    """V = (y1^2 - 1)^2 + 2 y2^2 + 5 |y3..d|^2, A and B balls of radius .3 at y1 = -1, 1 and the height in y3."""
    rotation = random_rotation(dim, seed)
    ends = [np.r_[side, 0.0, height, np.zeros(dim - 3)] for side in (-1.0, 1.0)]

    def potential(x):
        y = x @ rotation
        return (y[:, 0] ** 2 - 1) ** 2 + 2.0 * y[:, 1] ** 2 + 5.0 * np.sum(y[:, 2:] ** 2, axis=1)

    def ball(centre):
        return scrambled(
            lambda x: np.sum((x @ rotation - centre) ** 2, axis=1) - 0.09, dim, seed + 1, length=1.0
        )

    rng = np.random.default_rng(seed)
    starts = [(end + 0.02 * rng.standard_normal((8, dim))) @ rotation.T for end in ends]
    return CommittorProblem(
        dim=dim,
        beta=4.0,
        potential=potential,
        boundary_a=ball(ends[0]),
        boundary_b=ball(ends[1]),
        start_a=starts[0],
        start_b=starts[1],
        box=np.array([[-2.5] * dim, [2.5] * dim]),
    ), rotation


@pytest.fixture(scope="module")
def bent():
    """The arc among Gaussian modes: the reaction runs in a plane that the normals of A and B span."""
    parameters = ArcParameters(dim=6, temperature=0.12)
    return arc.build(parameters, 4), arc.judge(parameters, 4)


def test_exact_where_the_reaction_runs_in_a_plane(bent, timeless):
    problem, judge = bent
    found = checkpoints(problem, timeless, 4)
    errors = [judge.headline(values(c, judge.reactive.x)).value for c in found]
    assert errors[-1] < 1e-5
    assert -np.polyfit(np.arange(4), np.log2(errors), 1)[0] > 1.8
    assert found[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=1e-3)


def test_gradient_is_that_of_evaluate_and_lies_in_the_plane(bent, timeless):
    """Next to A and B it is that of a local fit, which is its derivative up to the fit's own error."""
    problem, judge = bent
    last, x, h = checkpoints(problem, timeless, 3)[-1], judge.energy.x[:200], 1e-6
    slope = last.gradient(last.state, x)
    shifts = h * np.eye(problem.dim)
    difference = np.stack([(values(last, x + s) - values(last, x - s)) / (2 * h) for s in shifts], axis=1)
    assert np.linalg.norm(slope - difference) < 1e-4 * np.linalg.norm(difference)
    np.testing.assert_allclose(slope @ planes.complement(last.state.plane.basis), 0.0, atol=1e-12)


def test_normals_are_those_of_the_sets_whatever_multiplies_the_boundary_functions(bent):
    problem, _ = bent
    found = planes.normals(problem, 1e-4)
    size = np.linalg.svd(found, compute_uv=False)
    assert len(found) > 32
    assert size[1] > 0.1 * size[0]
    assert size[2] < 1e-5 * size[0]


def test_newton_ends_on_the_boundary():
    problem, rotation = balls(5, 0.0)
    x = planes.on_boundary(problem.boundary_a, problem.start_a, 1e-4)
    assert len(x) > 0
    centre = np.r_[-1.0, np.zeros(4)] @ rotation.T
    np.testing.assert_allclose(np.linalg.norm(x - centre, axis=1), 0.3, atol=1e-3)


def test_half_spaces_are_completed_by_the_softest_direction():
    rotation = random_rotation(5, 3)
    curvature = rotation @ np.diag([8.0, 5.0, 0.5, 3.0, 9.0]) @ rotation.T
    normal = rotation[:, 0]
    found = planes.directions(np.stack([normal, -normal, normal]), curvature, 2)
    np.testing.assert_allclose(abs(found.T @ rotation[:, [0, 2]]), np.eye(2), atol=1e-10)


def test_hessian_and_minimum_of_a_quadratic_form():
    rotation = random_rotation(4, 1)
    matrix = rotation @ np.diag([1.0, 2.0, 5.0, 40.0]) @ rotation.T
    bottom = np.array([0.3, -0.2, 0.5, 1.0])

    def form(x):
        return 0.5 * np.einsum("ni,ij,nj->n", x - bottom, matrix, x - bottom)

    np.testing.assert_allclose(planes.hessian(form, np.zeros(4), 1e-4), matrix, atol=1e-5)
    np.testing.assert_allclose(planes.minimum(form, np.zeros(4), 1e-4), bottom, atol=1e-5)


def test_the_section_stands_at_the_conditional_minimum():
    """No step across the plane lowers a quadratic V, and projecting undoes the section."""
    rng = np.random.default_rng(2)
    factor = rng.standard_normal((5, 5))
    matrix = factor @ factor.T + np.eye(5)
    basis = np.linalg.qr(rng.standard_normal((5, 2)))[0]
    section = planes.Plane(np.ones(5), basis, planes.conditional_minimum(basis, matrix))
    u = rng.standard_normal((20, 2))
    x = section.lift(u)
    np.testing.assert_allclose(section.project(x), u, atol=1e-12)
    np.testing.assert_allclose((x - 1.0) @ matrix @ planes.complement(basis), 0.0, atol=1e-10)


def test_a_plane_that_misses_the_sets_is_laid_through_them(timeless):
    problem, _ = balls(5, 0.6)
    plane = planes.plane_of(problem, problem.potential)
    assert all(len(seen) for seen in planes.starts_on(plane, problem))
    last = checkpoints(problem, timeless, 3)[-1]
    x = np.random.default_rng(1).uniform(-1.5, 1.5, (4000, 5))
    x = np.concatenate([x, problem.start_a, problem.start_b])
    q = values(last, x)
    assert np.all(q[np.asarray(problem.in_a(x))] == 0.0)
    assert np.all(q[np.asarray(problem.in_b(x))] == 1.0)
    assert np.all((q >= 0.0) & (q <= 1.0))
    assert np.std(q) > 0.1


@pytest.mark.parametrize("name", ["double well on a line", "quadratic well in the plane"])
def test_it_is_the_whole_problem_up_to_two_dimensions(name, make_exact, timeless):
    known = make_exact(name)
    last = checkpoints(known.problem, timeless, 4)[-1]
    np.testing.assert_allclose(values(last, known.points), known.q(known.points), atol=2e-4)


def test_every_evaluation_of_the_potential_is_counted(timeless):
    problem, _ = balls(4, 0.0)
    calls = 0

    def counted(x):
        nonlocal calls
        calls += len(x)
        return problem.potential(x)

    seen = dataclasses.replace(problem, potential=counted)
    calls = 0
    checkpoint = checkpoints(seen, timeless, 2)[-1]
    # The problem on the plane asks for V at its own start points when it is built, twice.
    again = sum(len(start) for start in (problem.start_a, problem.start_b)) * 2
    assert calls - again <= checkpoint.work["evaluations"] <= calls


def test_the_entry_is_a_control_and_declines_circulation():
    def facts(*flags):
        return mfbench.Facts(task="committor", dim=50, flags=frozenset(flags))

    assert PROJECTED_GRID.control
    assert PROJECTED_GRID.supports(facts("reversible")) is None
    assert "gradient drift" in PROJECTED_GRID.supports(facts())
    with pytest.raises(ValueError, match=r"margin is 0\.0; expected a finite number > 0"):
        ProjectedGridParameters(margin=0.0)


def test_a_set_about_the_other_one_is_apart_from_it_though_means_coincide(nested, timeless):
    *_, last = checkpoints(nested.problem, timeless, 3)
    np.testing.assert_allclose(values(last, nested.points), nested.q(nested.points), atol=1e-4)


def test_fields_are_asked_about_few_points_at_once(timeless, monkeypatch):
    (problem, _), sizes = balls(4, 0.0), []
    whole = checkpoints(problem, timeless, 1)[0]

    def counting(x):
        sizes.append(len(x))
        return problem.potential(x)

    monkeypatch.setattr(projected_grid, "AT_ONCE", 400)
    watched = dataclasses.replace(problem, potential=counting)
    sizes.clear()
    parts = checkpoints(watched, timeless, 1)[0]
    assert max(sizes) == 100 and parts.work == whole.work
    x = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 4))
    np.testing.assert_allclose(values(parts, x), values(whole, x), rtol=1e-12, atol=1e-14)
