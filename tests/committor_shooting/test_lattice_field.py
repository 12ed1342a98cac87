"""The lattice field: potential, sets and minima by other routes; symmetries; frameworks; fresh shots."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime, minimize

from mfbench_committor import lattice_field
from mfbench_committor.entries.lattice_field import LatticeFieldParameters
from mfbench_committor.shooting import store
from mfbench_committor.shooting.dynamics import Noise

SEED = 11
PARAMETERS = LatticeFieldParameters()
PROBLEM = lattice_field.shooting_problem(PARAMETERS)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["scrambled", "exact"])
def problem(request):
    return lattice_field.build(LatticeFieldParameters(levels=request.param), SEED)


def energy(x):
    """The formula of the entry, one point, site by site, the edges laid around it."""
    field = np.full((14, 14), np.nan)
    field[1:-1, 1:-1] = x.reshape(12, 12)
    field[0], field[-1] = -1.0, -1.0
    field[1:-1, 0] = field[1:-1, -1] = 1.0
    value = sum((1 - v * v) ** 2 / 4 for v in x)
    for i in range(13):
        for j in range(1, 13):
            value += (field[i + 1, j] - field[i, j]) ** 2 / 2 + (field[j, i + 1] - field[j, i]) ** 2 / 2
    return value


def cloud(count, seed=0):
    """(n, 144) points from basin to basin."""
    rng = np.random.default_rng(seed)
    s, minimum = rng.uniform(-0.2, 1.2, (count, 1)), lattice_field.minimum()
    x = s * minimum + (1 - s) * lattice_field.exchanged(minimum[None])[0]
    return x + rng.normal(0, 0.3, (count, 144))


def test_potential_site_by_site_and_by_its_matrix():
    """A second and a third derivation: the sum of the entry, and x.K.x / 2 - p.x + 24 + wells."""
    x = cloud(20)
    np.testing.assert_allclose(lattice_field.potential(x), [energy(p) for p in x], rtol=1e-13)
    matrix, pull = lattice_field.stiffness(), lattice_field.pull()
    quadratic = np.einsum("ni,ij,nj->n", x, matrix, x) / 2 - x @ pull + 24
    np.testing.assert_allclose(
        lattice_field.potential(x), quadratic + np.sum((1 - x**2) ** 2, axis=1) / 4, rtol=1e-13
    )
    assert lattice_field.potential(np.zeros((1, 144)))[0] == pytest.approx(36 + 24)


def test_gradient_against_differences():
    x = cloud(3)
    leaf = torch.tensor(x, requires_grad=True)
    lattice_field.potential(leaf).sum().backward()
    for point, slope in zip(x, leaf.grad.numpy(), strict=True):
        np.testing.assert_allclose(approx_fprime(point, energy, 1e-6), slope, atol=1e-4)


def test_two_minima_and_the_saddle_between():
    """V = 26.201 at the minima (another optimiser, other starts), 30.873 where transposing changes the sign alone."""
    rng, found = np.random.default_rng(1), []
    for _ in range(12):
        start = rng.choice([-1.0, 1.0], (2, 2)).repeat(6, axis=0).repeat(6, axis=1).ravel()
        done = minimize(
            lambda x: float(lattice_field.potential(x[None])[0]),
            start + rng.normal(0, 0.3, 144),
            jac=lambda x: lattice_field.stiffness() @ x - lattice_field.pull() - x * (1 - x * x),
            method="L-BFGS-B",
            options={"maxiter": 2000, "ftol": 1e-14, "gtol": 1e-8},
        )
        found.append(done.x)
    ends = np.stack([lattice_field.minimum(), lattice_field.exchanged(lattice_field.minimum()[None])[0]])
    distances = np.max(np.abs(np.array(found)[:, None] - ends), axis=2)
    assert np.all(np.min(distances, axis=1) < 1e-4)
    assert set(np.argmin(distances, axis=1)) == {0, 1}
    np.testing.assert_allclose(lattice_field.potential(ends), 26.2007, atol=5e-5)
    np.testing.assert_allclose(ends.mean(axis=1), [0.61228, -0.61228], atol=5e-6)
    x = np.zeros(144)
    for _ in range(20):
        gradient = lattice_field.stiffness() @ x - lattice_field.pull() - x * (1 - x**2)
        x = x - np.linalg.solve(lattice_field.hessian(x), gradient)
    assert lattice_field.potential(x[None])[0] == pytest.approx(30.8734, abs=5e-5)
    np.testing.assert_allclose(lattice_field.exchanged(x[None])[0], x, atol=1e-12)
    values = np.linalg.eigvalsh(lattice_field.hessian(x))
    assert values[0] < 0 < values[1], "one direction leads down"


def test_frameworks_agree_to_round_off(problem):
    x = cloud(200)
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        value, pullback = jax.vjp(function, jnp.asarray(x))
        gradient = np.asarray(pullback(jnp.ones(len(x)))[0])
        scale = 1 + np.abs(function(x))
        np.testing.assert_allclose(torch_value.detach().numpy() / scale, function(x) / scale, atol=1e-13)
        np.testing.assert_allclose(np.asarray(value) / scale, function(x) / scale, atol=1e-13)
        size = 1 + np.linalg.norm(gradient, axis=1, keepdims=True)
        np.testing.assert_allclose(leaf.grad.numpy() / size, gradient / size, atol=1e-12)


def test_symmetries_keep_the_potential_carry_the_sets_and_close_as_a_group():
    problem = lattice_field.build(LatticeFieldParameters(levels="exact"), SEED)
    x = cloud(500)
    for image, exchanges in PROBLEM.symmetries:
        np.testing.assert_allclose(problem.potential(image(x)), problem.potential(x), rtol=1e-12)
        a, b = problem.boundary_a(image(x)), problem.boundary_b(image(x))
        expected = (problem.boundary_a(x), problem.boundary_b(x))
        np.testing.assert_allclose((a, b), expected[::-1] if exchanges else expected, atol=1e-12)
    group = np.stack([np.eye(144), *(image(np.eye(144)) for image, _ in PROBLEM.symmetries)])
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 1, 144, 144)
    assert np.all(np.sum(np.max(np.abs(products - group), axis=(2, 3)) < 1e-12, axis=1) == 1)


def test_transposing_with_the_sign_is_one_of_them():
    x = cloud(5)
    by_hand = np.stack([-p.reshape(12, 12).T.ravel() for p in x])
    assert any(exchanges and np.array_equal(image(x), by_hand) for image, exchanges in PROBLEM.symmetries)


def test_simulated_system_is_the_problem(problem):
    """At zero temperature a small step follows -grad V by jax; gaps are the exact distances from both planes."""
    system = PROBLEM.make_system()
    assert system.beta == problem.beta
    x, step = cloud(50).T, 1e-3
    columns = x.astype(np.float32)
    for gap, side in zip(system.gaps(columns), (1, -1), strict=True):
        np.testing.assert_allclose(gap, 12 * (0.35 + side * x.mean(axis=0)), atol=1e-5)
    np.testing.assert_array_equal(system.gaps(columns)[0] <= 0, problem.in_a(x.T))
    np.testing.assert_array_equal(system.gaps(columns)[1] <= 0, problem.in_b(x.T))
    system.beta = 1e14
    moved = columns.copy()
    system.stepper(step, Noise(np.random.SeedSequence(1)))(moved)
    slope = -np.asarray(jax.grad(lambda x: jnp.sum(problem.potential(x)))(jnp.asarray(x.T))).T
    scale = np.max(np.abs(slope))
    np.testing.assert_allclose((moved - columns) / step / scale, slope / scale, atol=0.01)


def test_start_points_and_box(problem):
    assert np.all(problem.in_a(problem.start_a))
    assert np.all(problem.in_b(problem.start_b))
    for points in (problem.start_a, problem.start_b):
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        assert np.count_nonzero(spread > 1e-3) == 31, "in no plane"
    excess = problem.beta * (1 - problem.box[1, 0] ** 2) ** 2 / 4
    assert excess == pytest.approx(28.0)
    assert math.exp(-excess) < 1e-12


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 0.5}, "temperature is 0.5; expected a number from 0.05 to 0.4"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"levels": "none"}, "levels is 'none'"),
    ],
)
def test_bad_values_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        LatticeFieldParameters(**given)


def test_values_without_a_reference_are_built_but_not_judged():
    """The temperature of print among them."""
    parameters = LatticeFieldParameters(temperature=0.05)
    assert lattice_field.build(parameters, SEED).beta == pytest.approx(20.0)
    with pytest.raises(ValueError, match=r"lattice-field\[temperature=0.05\].*no reference"):
        lattice_field.judge(parameters, SEED)


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.35, 0.3])
def test_shots_by_another_integrator(temperature, chance_of_shots):
    """Euler-Maruyama in float64 with numpy's normals, force and bridges by hand: 100 fresh shots from
    each of 20 stored points; chi-square of two binomials, false-alarm rate 1e-4."""
    stem = lattice_field.shooting_problem(LatticeFieldParameters(temperature=temperature)).stem
    stored, rng, count, step = store.load(stem), np.random.default_rng(2), 100, 0.01
    x = np.repeat(stored.x[:20], count, axis=0)
    ends, running = np.zeros(len(x), int), np.arange(len(x))
    while len(running):
        field = np.pad(x.reshape(-1, 12, 12), ((0, 0), (1, 1), (1, 1)))
        field[:, (0, -1), :], field[:, :, (0, -1)] = -1.0, 1.0  # corners are nobody's neighbours
        near = field[:, :-2, 1:-1] + field[:, 2:, 1:-1] + field[:, 1:-1, :-2] + field[:, 1:-1, 2:]
        before = x.mean(axis=1)
        x = x + step * (near.reshape(x.shape) - 4 * x + x * (1 - x * x))
        x += math.sqrt(2 * step * temperature) * rng.standard_normal(x.shape)
        after = x.mean(axis=1)
        for side in (-1, 1):
            old, new = (12 * (0.35 - side * m) for m in (before, after))
            met = (new <= 0) | (rng.random(len(x)) < np.exp(-np.maximum(old * new, 0) / temperature / step))
            ends[running[met]] = side
        kept = ends[running] == 0
        x, running = x[kept], running[kept]
    assert chance_of_shots(ends, stored) > 1e-4
