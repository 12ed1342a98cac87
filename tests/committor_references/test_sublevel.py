"""The double well with sublevel sets: their outline, boundary functions that know one well each, how rare the sets are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from mfbench_committor import double_well_sublevel
from mfbench_committor.double_well_sublevel import HEIGHT, outline, planar_problem
from mfbench_committor.entries.double_well_sublevel import DoubleWellSublevelParameters
from mfbench_committor.references import store

SEED = 5
WARM, COLD = DoubleWellSublevelParameters(), DoubleWellSublevelParameters(beta=10.0)
SIDES = (-1.0, 1.0)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("side", SIDES)
def test_outline_lies_where_v_is_a_fifth(side):
    """And in the right half of the plane; V grows along every ray up to it."""
    angle = np.linspace(-np.pi, np.pi, 721)
    radius, _ = outline(angle, side)
    ray = np.stack([np.cos(angle), np.sin(angle)])

    def energy(share):
        x, r = np.array([[side], [0.0]]) + share * radius * ray
        assert np.all(x * side > 0)
        return (x**2 - 1) ** 2 + 0.3 * r**2

    np.testing.assert_allclose(energy(1.0), HEIGHT, rtol=1e-13)
    assert np.all(np.diff([energy(share) for share in np.linspace(0, 1, 20)], axis=0) > 0)
    # The four ends, by hand.
    ends = [np.sqrt(1 + np.sqrt(HEIGHT)) - 1, np.sqrt(HEIGHT / 0.3), 1 - np.sqrt(1 - np.sqrt(HEIGHT))]
    ahead = np.array([0.0, np.pi / 2, np.pi]) if side > 0 else np.array([np.pi, np.pi / 2, 0.0])
    np.testing.assert_allclose(outline(ahead, side)[0], ends, rtol=1e-13)


def test_nodes_of_a_set_have_its_area():
    """With a flat law, int sqrt((.2 - (x^2 - 1)^2) / .3) dx over the well."""
    left, right = np.sqrt(1 - np.sqrt(HEIGHT)), np.sqrt(1 + np.sqrt(HEIGHT))
    # x = middle + half sin t takes the roots at both ends away.
    middle, half = (right + left) / 2, (right - left) / 2

    def slice_height(t):
        x = middle + half * np.sin(t)
        return np.sqrt(max(HEIGHT - (x * x - 1) ** 2, 0.0) / 0.3) * half * np.cos(t)

    area = quad(slice_height, -np.pi / 2, np.pi / 2, epsrel=1e-12)[0]
    for side in (0, 1):
        assert np.sum(planar_problem(WARM).law.disc_nodes(side)[1]) == pytest.approx(area, rel=1e-9)


def test_boundary_functions_are_v_in_their_own_well_and_positive_in_the_other():
    problem = double_well_sublevel.build(DoubleWellSublevelParameters(levels="exact"), SEED)
    rng = np.random.default_rng(0)
    x = rng.uniform(-2.2, 2.2, (40_000, 10)) * np.array([1.0, *[0.2] * 9])
    frame = double_well_sublevel.Frame(10, double_well_sublevel.repetition_seeds(SEED).rotation)
    seen = frame.to_solver(x)
    energy = (x[:, 0] ** 2 - 1) ** 2 + 0.3 * np.sum(x[:, 1:] ** 2, axis=1)
    for side, own, other in (
        (-1.0, problem.boundary_a, problem.start_b),
        (1.0, problem.boundary_b, problem.start_a),
    ):
        inside = (energy <= HEIGHT) & (x[:, 0] * side > 0)
        assert np.count_nonzero(inside) > 100
        np.testing.assert_array_equal(own(seen) <= 0, inside)
        here = x[:, 0] * side > 0
        np.testing.assert_allclose(own(seen)[here], energy[here] - HEIGHT, atol=1e-12)
        assert np.min(own(other)) > 0.05


@pytest.mark.parametrize("levels", ["exact", "scrambled"])
def test_boundary_functions_are_smooth_and_steep_enough(levels):
    """Gradients on the rims, and by differences across x1 = 0, where e^{-1/x} sets in."""
    problem = double_well_sublevel.build(DoubleWellSublevelParameters(levels=levels), SEED)
    frame = double_well_sublevel.Frame(10, double_well_sublevel.repetition_seeds(SEED).rotation)
    rng, factor = np.random.default_rng(1), np.exp(1.5) if levels == "scrambled" else 1.0
    line = frame.to_solver(np.linspace(-0.2, 0.2, 801)[:, None] * np.eye(10)[:1])
    direction = frame.to_solver(np.eye(10)[:1])[0]
    for side, function in zip(SIDES, (problem.boundary_a, problem.boundary_b), strict=True):
        angle = rng.uniform(0, np.pi, 200)
        u = np.array([side, 0.0]) + (outline(angle, side)[0] * [np.cos(angle), np.sin(angle)]).T
        x = frame.to_solver(double_well_sublevel.with_directions(u, 10, rng))
        np.testing.assert_allclose(function(x), 0.0, atol=1e-12)
        slopes = np.asarray(jax.grad(lambda x, f=function: jnp.sum(f(x)))(jnp.concatenate([x, line])))
        sizes = np.linalg.norm(slopes[:200], axis=1)
        assert 0.45 / factor < sizes.min() <= sizes.max() < 2.3 * factor
        along = slopes[200:] @ direction
        np.testing.assert_allclose(np.gradient(function(line), 5e-4)[1:-1], along[1:-1], atol=1e-4)


def test_sets_are_hard_to_find_warm_and_the_barrier_is_high_cold():
    """At beta = 3 the sets hold 3.6e-4 of mu and q is within .1 of 1/2 for nine tenths of the reactive time."""
    warm, cold = (store.load(planar_problem(parameters).stem) for parameters in (WARM, COLD))
    assert warm.record["mu(A)"] + warm.record["mu(B)"] == pytest.approx(3.6e-4, rel=0.01)
    known = warm.points.reactive
    assert np.sum(known.weights[np.abs(known.q - 0.5) < 0.1]) > 0.9
    assert cold.record["mu(A)"] + cold.record["mu(B)"] == pytest.approx(0.052, rel=0.01)
    assert cold.rate < 1e-2 * warm.rate


def test_the_wall_of_print_would_cut_a_third_of_the_law():
    """It stands at V = 2: what lies beyond at beta = 3, by the midpoint rule on a lattice."""
    law = planar_problem(WARM).law
    x, r = law.lattice
    w = law.log_weight(law.lattice)
    mu = np.exp(w - np.max(w))
    beyond = np.sum(mu[(x**2 - 1) ** 2 + 0.3 * r**2 > 2.0]) / np.sum(mu)
    assert beyond == pytest.approx(0.30, abs=0.01)


def test_the_committor_is_antisymmetric():
    """q(-x1, r) = 1 - q(x1, r), one grid against the stored values of another."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    problem = planar_problem(WARM)
    field, known = solve(problem.law, problem.spacing, 1), store.load(problem.stem).points.reactive
    error = field.complement(known.u * [-1, 1]) - known.q
    assert np.sqrt(np.sum(known.weights * error**2)) < 1e-5
    assert np.max(np.abs(error[known.weights > 0])) < 2e-3
