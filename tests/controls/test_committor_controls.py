"""The committor controls: exact where they can be, and blind to what they must not use."""

import math

import numpy as np
import pytest
from array_api_compat import array_namespace
from scipy.integrate import quad

import mfbench_controls
from mfbench.frames import random_rotation
from mfbench.solver import Context, NoParameters
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_controls import StraightLineParameters, bare_lift, constant, straight_line

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)
EDGE_A, EDGE_B = -0.9, 0.95


def profile(s):
    return (s**2 - 1) ** 2 + 0.2 * s + 0.1 * np.sin(7 * s)


def double_well(dim, beta, seed=0, potential=None):
    """V = profile(s) + transverse quadratic, s the first of coordinates that are rotated if d > 1."""
    frame = random_rotation(dim, seed) if dim > 1 else np.eye(1)
    along = frame[:, 0]

    def default(x):
        s = x @ along
        return profile(s) + (array_namespace(x).sum(x * x, axis=1) - s**2)

    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential or default,
        boundary_a=scrambled(lambda x: x @ along - EDGE_A, dim, seed=seed + 1, length=1.0),
        boundary_b=scrambled(lambda x: EDGE_B - x @ along, dim, seed=seed + 2, length=1.0),
        start_a=-1.1 * along[None],
        start_b=np.stack([1.05 * along, 1.15 * along]),
        box=np.array([[-2.0] * dim, [2.0] * dim]),
    ), along


def exact(s, beta):
    top = max(profile(t) for t in np.linspace(EDGE_A, EDGE_B, 200))

    def integral(a, b):
        return quad(lambda t: math.exp(beta * (profile(t) - top)), a, b, epsabs=0, epsrel=1e-12, limit=200)[0]

    return integral(EDGE_A, s) / integral(EDGE_A, EDGE_B)


def only(generator):
    (checkpoint,) = generator
    return checkpoint


def inside_points(dim, count, seed=3):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (count, dim))


@pytest.mark.parametrize("beta", [1.0, 8.0, 60.0])
def test_straight_line_is_exact_in_one_dimension(beta):
    problem, _ = double_well(1, beta)
    found = only(straight_line.solve(problem, StraightLineParameters(), CONTEXT))
    s = np.r_[EDGE_A + 1e-9, np.linspace(EDGE_A, EDGE_B, 40)[1:-1], EDGE_B - 1e-9]
    q = found.evaluate(found.state, s[:, None])
    truth = np.array([exact(t, beta) for t in s])
    np.testing.assert_allclose(q, truth, rtol=0, atol=1e-9)
    assert np.all(np.diff(q) >= 0)


def test_straight_line_is_exact_along_a_separable_straight_coordinate():
    problem, along = double_well(5, beta=3.0)
    x = inside_points(5, 60)
    x = x[~np.asarray(problem.in_a(x)) & ~np.asarray(problem.in_b(x))]
    found = only(straight_line.solve(problem, StraightLineParameters(), CONTEXT))
    truth = np.array([exact(s, 3.0) for s in x @ along])
    np.testing.assert_allclose(found.evaluate(found.state, x), truth, rtol=0, atol=1e-9)


def test_straight_line_is_fourth_order_in_the_panels():
    problem, _ = double_well(1, 8.0)
    s = np.linspace(EDGE_A, EDGE_B, 101)[1:-1]
    truth = np.array([exact(t, 8.0) for t in s])
    errors = []
    for panels in (16, 32, 64):
        found = only(straight_line.solve(problem, StraightLineParameters(panels=panels), CONTEXT))
        errors.append(np.max(np.abs(found.evaluate(found.state, s[:, None]) - truth)))
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), 4.0, atol=0.6)


def test_straight_line_starts_where_the_line_leaves_a_for_the_last_time():
    """A is s <= -0.8 and 0 <= s <= 0.2: on its way to B at 0.9 the line leaves it twice."""
    problem = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: np.minimum(x[:, 0] + 0.8, np.abs(x[:, 0] - 0.1) - 0.1),
        boundary_b=lambda x: 0.9 - x[:, 0],
        start_a=np.array([[-1.0]]),
        start_b=np.array([[1.0]]),
        box=np.array([[-2.0], [2.0]]),
    )
    found = only(straight_line.solve(problem, StraightLineParameters(), CONTEXT))
    x = np.array([[-1.0], [-0.5], [0.15], [0.2 + 0.35], [0.95]])
    np.testing.assert_allclose(found.evaluate(found.state, x), [0.0, 0.0, 0.0, 0.5, 1.0], atol=1e-12)


def test_straight_line_through_a_pole_is_a_step_there():
    """V = 1/|x| + x^2: nobody passes x = 0, at which q jumps from 0 to 1; numbers everywhere, also where V is a pole."""
    problem = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 1.0 / np.abs(x[:, 0]) + x[:, 0] ** 2,
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.5]]),
        start_b=np.array([[1.5]]),
        box=np.array([[-2.0], [2.0]]),
    )
    found = only(straight_line.solve(problem, StraightLineParameters(panels=100), CONTEXT))
    values = found.evaluate(found.state, np.array([[-0.9], [-0.1], [0.1], [0.9]]))
    np.testing.assert_allclose(values, [0.0, 0.0, 1.0, 1.0], atol=1e-6)


def test_straight_line_joins_the_nearest_start_points_where_a_centre_is_no_place():
    """B lies around A: the centre of its start points is A's own."""
    angles = np.linspace(0.0, 2.0 * np.pi, 8, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    problem = CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: np.sum(x**2, axis=1) - 0.25,
        boundary_b=lambda x: 4.0 - np.sum(x**2, axis=1),
        start_a=0.2 * ring,
        start_b=3.0 * ring,
        box=np.array([[-4.0, -4.0], [4.0, 4.0]]),
    )
    found = only(straight_line.solve(problem, StraightLineParameters(panels=100), CONTEXT))
    radii = np.array([0.5, 1.0, 1.5, 2.0])
    along = found.evaluate(
        found.state, radii[:, None] * found.state.direction / np.linalg.norm(found.state.direction)
    )
    np.testing.assert_allclose(along, (radii - 0.5) / 1.5, atol=1e-12)


def test_straight_line_counts_its_evaluations():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += len(x)
        return profile(x[:, 0])

    problem, _ = double_well(1, 2.0, potential=counted)
    calls = 0
    found = only(straight_line.solve(problem, StraightLineParameters(panels=100), CONTEXT))
    assert found.work["evaluations"] == calls
    found.evaluate(found.state, np.zeros((10, 1)))
    assert calls == found.work["evaluations"]


@pytest.mark.parametrize("module", [bare_lift, straight_line])
def test_values_are_0_on_a_and_1_on_b_and_between_elsewhere(module):
    problem, _ = double_well(3, beta=2.0, seed=7)
    parameters = StraightLineParameters() if module is straight_line else NoParameters()
    found = only(module.solve(problem, parameters, CONTEXT))
    x = inside_points(3, 2000)
    in_a, in_b = np.asarray(problem.in_a(x)), np.asarray(problem.in_b(x))
    q = found.evaluate(found.state, x)
    assert q.dtype == np.float64
    assert np.any(in_a)
    assert np.all(q[in_a] == 0)
    assert np.any(in_b)
    assert np.all(q[in_b] == 1)
    between = q[~in_a & ~in_b]
    assert np.all((between > 0) & (between < 1))


def test_bare_lift_is_the_ratio_of_the_boundary_functions_and_never_sees_the_potential():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += 1
        return np.sum(x * x, axis=1)

    problem, _ = double_well(2, 1.0, potential=counted)
    calls = 0
    found = only(bare_lift.solve(problem, NoParameters(), CONTEXT))
    x = np.array([[0.1, 0.2], [-0.3, 0.4]])
    a, b = problem.boundary_a(x), problem.boundary_b(x)
    np.testing.assert_allclose(found.evaluate(found.state, x), a / (a + b), rtol=1e-15)
    assert calls == 0
    assert found.work["evaluations"] == 0


def test_constant_is_one_half():
    problem, _ = double_well(2, 1.0)
    found = only(constant.solve(problem, NoParameters(), CONTEXT))
    np.testing.assert_array_equal(found.evaluate(found.state, np.zeros((3, 2))), [0.5, 0.5, 0.5])


def test_every_entry_is_marked_as_a_control():
    entries = mfbench_controls.mfbench_solvers()
    assert [e.name for e in entries] == [
        "constant",
        "bare-lift",
        "straight-line",
        "line-integral",
        "drift-plus-quadratic",
        "gaussian-closure",
        "constant",
    ]
    assert all(entry.control for entry in entries)


def test_no_panel_is_refused():
    with pytest.raises(ValueError, match="panels is 0; expected >= 1"):
        StraightLineParameters(panels=0)
