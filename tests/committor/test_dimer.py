"""The dimer in vacuum: its quadrature in thirty digits, the equation in six coordinates, the rate by other routes."""

import math
from decimal import Decimal, getcontext

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.linalg import eigh_tridiagonal, solveh_banded
from scipy.stats import kstest

from mfbench_committor import dimer
from mfbench_committor.entries.dimer import DimerParameters

SEED = 11
SIGMAS = 4.0  # false-alarm rate 6e-5 over seeds, which are fixed
TEMPERATURES = (0.25, 1.0, 2.5)
LEVELS = ("scrambled", "exact")


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def distance(x):
    return np.linalg.norm(x[:, :3] - x[:, 3:], axis=1)


def cloud(count, seed=0):
    """(count, 6) points that meet A, B and what lies between."""
    rng = np.random.default_rng(seed)
    return dimer.with_directions(rng.uniform(0.5, 2.8, (count, 1)), 1.0, rng)


def test_potential_at_points_done_by_hand():
    potential, r0 = dimer.build(DimerParameters(), SEED).potential, 2 ** (1 / 6)
    x = np.zeros((4, 6))
    x[0, 0], x[0, 3] = r0 / 2, -r0 / 2  # the first minimum, centre of mass at rest
    x[1, 1], x[1, 4] = -r0, r0  # the second
    x[2, 2] = 1.5 * r0  # the barrier, and the spring: |x1 + x2|^2 / 4
    x[3] = (0.3, -0.2, 1.0, 0.3, -0.2, 1.0)  # on top of each other: (1 - 3^2)^2 = 64
    expected = [0.0, 0.0, 5.0 + 2.25 * r0**2 / 4, 320.0 + 4 * 1.13 / 4]
    np.testing.assert_allclose(potential(x), expected, atol=1e-12)


@pytest.mark.parametrize("levels", LEVELS)
def test_frameworks_agree_to_round_off(levels):
    problem, x = dimer.build(DimerParameters(levels=levels), SEED), cloud(300)
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        value, pullback = jax.vjp(function, jnp.asarray(x))
        gradient = np.asarray(pullback(jnp.ones(len(x)))[0])
        scale = 1 + np.abs(function(x))
        np.testing.assert_allclose(torch_value.detach().numpy() / scale, function(x) / scale, atol=1e-14)
        np.testing.assert_allclose(np.asarray(value) / scale, function(x) / scale, atol=1e-14)
        size = 1 + np.linalg.norm(gradient, axis=1, keepdims=True)
        np.testing.assert_allclose(leaf.grad.numpy() / size, gradient / size, atol=1e-13)


def test_gradient_is_finite_where_the_particles_meet():
    gradient = jax.grad(lambda x: dimer.build(DimerParameters(), SEED).potential(x[None])[0])(jnp.zeros(6))
    assert np.all(np.isfinite(np.asarray(gradient)))


def double_exponential(function, left, right, step=Decimal(2) ** -6):
    """Integral of an analytic function by the trapezoidal rule after x = tanh(pi/2 sinh t), in Decimal."""
    middle, half = (left + right) / 2, (right - left) / 2
    quarter = Decimal("3.14159265358979323846264338327950288419716939937510") / 2
    total = Decimal(0)
    for k in range(-256, 257):
        e = (k * step).exp()
        sinh, cosh = (e - 1 / e) / 2, (e + 1 / e) / 2
        tail = (-2 * quarter * abs(sinh)).exp()
        x = (1 - tail) / (1 + tail) * (1 if k > 0 else -1)
        total += function(middle + half * x) * quarter * cosh * 4 * tail / (1 + tail) ** 2
    return total * half * step


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_quadrature_against_thirty_digits(temperature):
    """This is where the error bar of q and nu comes from."""
    getcontext().prec = 30
    beta, short = 1 / Decimal(temperature), Decimal(2) ** (Decimal(1) / 6)
    half = short / 2

    def energy(r):
        return beta * 5 * (1 - ((r - short - half) / half) ** 2) ** 2

    def slope(r):
        return energy(r).exp() / r**2

    whole = double_exponential(slope, short, short + 2 * half)
    line = dimer.line_committor(1 / temperature)
    assert float(whole) == pytest.approx(math.exp(line.log_integral), rel=dimer.QUADRATURE)
    for share in (Decimal(2) ** -20, Decimal("0.25"), Decimal("0.625")):
        r = Decimal(float(short + 2 * half * share))
        q = double_exponential(slope, short, r) / whole
        assert line.committor(np.array([float(r)]))[0] == pytest.approx(float(q), rel=dimer.QUADRATURE)
        assert line.complement(np.array([float(r)]))[0] == pytest.approx(float(1 - q), rel=dimer.QUADRATURE)
    pieces = [Decimal(0), short, short + 2 * half, Decimal("3.4")]  # ends where it peaks: nodes crowd there
    z = sum(double_exponential(lambda r: r**2 * (-energy(r)).exp(), *pieces[k : k + 2]) for k in range(3))
    rate = dimer.judge(DimerParameters(temperature=temperature), SEED).rate
    assert rate.value == pytest.approx(float(2 / (beta * whole * z)), abs=rate.tolerance)


def by_jax(beta):
    """q of one point in six coordinates, by another quadrature than the judge's."""
    nodes, weights = (jnp.asarray(v) for v in np.polynomial.legendre.leggauss(96))

    def integral(low, high):
        t = low + (high - low) * (nodes + 1) / 2
        return jnp.sum(weights * jnp.exp(beta * (dimer.bond_energy(t) - 5)) / t**2) * (high - low) / 2

    def committor(x):
        r = jnp.sqrt(jnp.sum((x[:3] - x[3:]) ** 2))
        below, above = integral(dimer.SHORT, r), integral(r, dimer.LONG)
        # From the nearer end: there the slope is e^-beta of the barrier's, which round-off would cover.
        return jnp.where(below < above, below, integral(dimer.SHORT, dimer.LONG) - above) / (below + above)

    return committor


@pytest.mark.parametrize("temperature", TEMPERATURES[1:])
def test_committor_solves_the_backward_equation(temperature):
    """-grad V . grad q + Lap q / beta = 0 in the six coordinates that solvers see."""
    parameters = DimerParameters(temperature=temperature)
    problem, judge = dimer.build(parameters, SEED), dimer.judge(parameters, SEED)
    committor = by_jax(problem.beta)

    def terms(x):
        gradient = jax.grad(committor)(x)
        drift = jax.grad(lambda x: problem.potential(x[None])[0])(x) @ gradient
        return drift, jnp.trace(jax.hessian(committor)(x)) / problem.beta

    x, q = judge.reactive.x[::100], judge.reactive.q[::100]
    np.testing.assert_allclose(np.asarray(jax.vmap(committor)(x)), q, rtol=1e-11)
    drift, diffusion = (np.asarray(v) for v in jax.jit(jax.vmap(terms))(x))
    np.testing.assert_allclose((diffusion - drift) / (np.abs(drift) + np.abs(diffusion)), 0.0, atol=1e-9)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_rate_by_sampling_the_energy_in_six_coordinates(temperature):
    """sum w |grad q|^2 / beta with the gradient by automatic differentiation: no mobility is put in."""
    judge = dimer.judge(DimerParameters(temperature=temperature), SEED)
    gradient = np.asarray(jax.jit(jax.vmap(jax.grad(by_jax(judge.beta))))(judge.energy.x))
    terms = judge.energy.weights * np.sum(gradient**2, axis=1) / judge.beta
    error = math.sqrt(len(terms)) * np.std(terms, ddof=1)
    assert error < 0.05 * judge.rate.value
    assert abs(np.sum(terms) - judge.rate.value) < SIGMAS * error


def test_rate_by_a_jump_chain_in_the_distance():
    """r on a lattice with D = 2 / beta; the chain's own reactive flux, no formula for q or nu."""
    beta, step = 1.0, (dimer.LONG - dimer.SHORT) / 2000
    r = dimer.SHORT + step * np.arange(-700, 3001)  # nodes on both boundaries
    mass = r**2 * np.exp(-beta * dimer.bond_energy(r))
    middle = (r[1:] + r[:-1]) / 2
    flux = 2 / beta * middle**2 * np.exp(-beta * dimer.bond_energy(middle)) / step / np.sum(mass) / step
    inner = slice(700, 2700)  # conductances between the boundaries
    g = flux[inner]
    bands = np.stack([np.append(0.0, -g[1:-1]), g[:-1] + g[1:]])
    load = np.zeros(len(g) - 1)
    load[-1] = g[-1]
    q = np.concatenate([[0.0], solveh_banded(bands, load), [1.0]])
    rate = dimer.judge(DimerParameters(), SEED).rate.value
    assert rate == pytest.approx(np.sum(g * np.diff(q) ** 2), rel=1e-5)
    # And the slowest relaxation of the same chain is near k_AB + k_BA, which needs no sets at all.
    out = np.concatenate([[0.0], flux]) + np.concatenate([flux, [0.0]])
    slowest = eigh_tridiagonal(
        out / (mass / np.sum(mass)),
        -flux / np.sqrt(mass[1:] * mass[:-1]) * np.sum(mass),
        eigvals_only=True,
        select="i",
        select_range=(0, 1),
    )[1]
    share = np.sum(mass[r < dimer.SHORT + dimer.HALF]) / np.sum(mass)
    assert slowest == pytest.approx(rate / (share * (1 - share)), rel=0.1)


def test_sets_are_where_the_formula_says():
    x = cloud(4000)
    problem, r = dimer.build(DimerParameters(), SEED), distance(x)
    np.testing.assert_array_equal(problem.in_a(x), r <= dimer.SHORT)
    np.testing.assert_array_equal(problem.in_b(x), r >= dimer.LONG)
    assert problem.in_a(x).sum() > 500
    assert problem.in_b(x).sum() > 500
    judge = dimer.judge(DimerParameters(), SEED)
    for points in (judge.reactive, judge.flat, judge.equilibrium, judge.energy):
        assert not np.any(problem.in_a(points.x) | problem.in_b(points.x))


@pytest.mark.parametrize("levels", LEVELS)
def test_boundary_functions_vanish_with_a_slope_on_the_boundary(levels):
    problem, rng = dimer.build(DimerParameters(levels=levels), SEED), np.random.default_rng(3)
    for end, function in ((dimer.SHORT, problem.boundary_a), (dimer.LONG, problem.boundary_b)):
        x = dimer.with_directions(np.full((50, 1), end), 1.0, rng)
        np.testing.assert_allclose(function(x), 0.0, atol=1e-13)
        gradient = np.asarray(jax.vmap(jax.grad(lambda x, f=function: f(x[None])[0]))(jnp.asarray(x)))
        sizes = np.linalg.norm(gradient, axis=1) / math.sqrt(2)  # r moves with both particles
        factor = math.exp(1.5) if levels == "scrambled" else 1.0
        assert 0.999 / factor < sizes.min() <= sizes.max() < 1.001 * factor


def test_repetitions_share_the_points_and_scramble_the_levels():
    one, two = (dimer.build(DimerParameters(), seed) for seed in (1, 2))
    x = cloud(500)
    np.testing.assert_array_equal(one.potential(x), two.potential(x))
    assert np.max(np.abs(one.boundary_a(x) / two.boundary_a(x) - 1)) > 0.1
    assert not np.any(np.isclose(one.start_a, two.start_a))
    judged = [dimer.judge(DimerParameters(), seed).reactive.x for seed in (1, 2)]
    np.testing.assert_array_equal(*judged)


def test_lifted_points_have_the_invariant_law():
    """Bond uniform on the sphere, |x1 + x2|^2 / 4 Gaussian; Kolmogorov-Smirnov at 1e-4 each, seed fixed."""
    x = dimer.judge(DimerParameters(temperature=0.25), SEED).equilibrium.x
    bond, centre = x[:, :3] - x[:, 3:], x[:, :3] + x[:, 3:]
    for axis in range(3):
        assert kstest(bond[:, axis] / np.linalg.norm(bond, axis=1), "uniform", (-1, 2)).pvalue > 1e-4
        assert kstest(centre[:, axis], "norm", (0, math.sqrt(2 * 0.25))).pvalue > 1e-4


def test_box_holds_the_measure():
    problem, judge = dimer.build(DimerParameters(), SEED), dimer.judge(DimerParameters(), SEED)
    radius, norms = problem.box[1, 0], np.linalg.norm(judge.equilibrium.x, axis=1)
    np.testing.assert_array_equal(problem.box, radius * np.array([[-1.0], [1.0]]) * np.ones(6))
    assert norms.max() < radius < 3 * norms.max()
