"""The closed forms: potentials by hand and in every framework, the equation, the rate by other routes."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.linalg import solveh_banded

from mfbench.frames import Frame
from mfbench_committor import arc, double_well
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.double_well import DoubleWellParameters

SEED = 11
SIGMAS = 4.0  # false-alarm rate 6e-5 over seeds, which are fixed


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def potential_at(module, parameters, y):
    frame = Frame(parameters.dim, repetition_seeds(SEED).rotation)
    return module.build(parameters, SEED).potential(frame.to_solver(np.array([y])))[0]


@pytest.mark.parametrize(
    ("y", "value"),
    [
        ((0.0, 0.0, 0.0), 1.0),
        ((1.0, 0.0, 0.0), 0.0),
        ((-1.0, 2.0, 0.0), 1.2),
        ((0.5, 1.0, -1.0), 0.5625 + 0.6),
        ((2.0, -0.1, 0.3), 9.0 + 0.03),
    ],
)
def test_double_well_at_points_done_by_hand(y, value):
    assert potential_at(double_well, DoubleWellParameters(dim=3), y) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    ("y", "value"),
    [
        ((1.0, 0.0, 0.0), 1.0),
        ((math.e, 0.0, 0.0), 11.0),
        ((0.0, 1.0, 0.2), (math.pi**2 / 16 - 1) ** 2 + 0.1),
        ((math.cos(2), -math.sin(2), 0.0), 0.0),
        ((-0.5, 0.5, 1.0), (9 * math.pi**2 / 64 - 1) ** 2 + 10 * math.log(0.5**0.5) ** 2 + 2.5),
    ],
)
def test_arc_at_points_done_by_hand(y, value):
    assert potential_at(arc, ArcParameters(dim=3), y) == pytest.approx(value, abs=1e-12)


def test_arc_is_finite_at_the_origin():
    value = potential_at(arc, ArcParameters(dim=2), (0.0, 0.0))
    assert np.isfinite(value)
    assert value > 1e6


def test_frameworks_agree_to_round_off(case):
    problem, x = case.build(), case.cloud(300)
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        value = function(x)
        assert value.dtype == np.float64
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        jax_value, pullback = jax.vjp(function, jnp.asarray(x))
        gradient = np.asarray(pullback(jnp.ones(len(x)))[0])
        scale = 1 + np.abs(value)
        np.testing.assert_allclose(torch_value.detach().numpy() / scale, value / scale, atol=1e-14)
        np.testing.assert_allclose(np.asarray(jax_value) / scale, value / scale, atol=1e-14)
        size = 1 + np.linalg.norm(gradient, axis=1, keepdims=True)
        np.testing.assert_allclose(leaf.grad.numpy() / size, gradient / size, atol=1e-13)


@pytest.mark.parametrize("case", ["double-well", "double-well-cold", "arc"], indirect=True)
def test_committor_solves_the_backward_equation(case):
    """-grad V . grad q + Lap q / beta = 0, by automatic differentiation through another quadrature of q."""
    problem, judge, end = case.build(), case.judge(), case.end
    nodes, weights = (jnp.asarray(v) for v in np.polynomial.legendre.leggauss(96))

    def integral(upper):
        t = -end + (upper + end) * (nodes + 1) / 2
        return jnp.sum(weights * jnp.exp(problem.beta * (((t / end) ** 2 - 1) ** 2 - 1))) * (upper + end) / 2

    def committor(x):
        t, whole = case.coordinate(x[None], jnp)[0], integral(end)
        # From the nearer end: the slope there is e^-beta of the barrier's, which round-off would cover.
        return jnp.where(t > 0, whole - integral(-t), integral(t)) / whole

    def terms(x):
        gradient = jax.grad(committor)(x)
        drift = jax.grad(lambda x: problem.potential(x[None])[0])(x) @ gradient
        return drift, jnp.trace(jax.hessian(committor)(x)) / problem.beta

    x, q = judge.reactive.x[::200], judge.reactive.q[::200]
    np.testing.assert_allclose(np.asarray(jax.vmap(committor)(x)), q, rtol=1e-11)
    x = np.concatenate([x, judge.equilibrium.x[:50]])
    drift, diffusion = (np.asarray(v) for v in jax.jit(jax.vmap(terms))(x))
    scale = np.abs(drift) + np.abs(diffusion)
    np.testing.assert_allclose((diffusion - drift) / scale, 0.0, atol=1e-9)


def test_rate_by_finite_elements_on_the_line(case):
    """Linear elements for (e^{-beta U} q')' = 0; the mean of |grad t|^2 by sampling the lift."""
    beta, end = case.build().beta, case.end
    t = np.linspace(-end, end, 16_001)
    step = t[1] - t[0]

    def energy(t):
        return beta * ((t / end) ** 2 - 1) ** 2

    stiffness = np.exp(-energy((t[1:] + t[:-1]) / 2)) / step
    bands = np.stack([np.append(0.0, -stiffness[1:-1]), stiffness[1:] + stiffness[:-1]])
    load = np.zeros(len(t) - 2)
    load[-1] = stiffness[-1]
    inner = solveh_banded(bands, load)
    dirichlet = np.sum(stiffness * np.diff(np.concatenate([[0.0], inner, [1.0]])) ** 2)
    reach = math.pi if case.module is arc else 4.0
    grid = np.linspace(-reach, reach, 200_001)
    total = np.trapezoid(np.exp(-energy(grid)), grid)
    jacobian = 1.0
    if case.module is arc:  # the mean of r^-2 under mu by the trapezoidal rule in r itself
        r = np.linspace(1e-3, 4.0, 200_001)
        radial = r * np.exp(-beta * 10 * np.log(r) ** 2)
        jacobian = np.trapezoid(radial / r**2, r) / np.trapezoid(radial, r)
    assert case.judge().rate.value == pytest.approx(dirichlet * jacobian / total / beta, rel=1e-5)


def test_rate_of_the_arc_by_cubature_in_the_plane():
    """D[q] on a Cartesian grid, so that no change of coordinates takes part."""
    parameters = ArcParameters(dim=2, temperature=0.12)
    beta = 1 / parameters.temperature
    axis = np.linspace(-3.5, 3.5, 1202)  # even: no node on the wall or at the origin
    x, y = np.meshgrid(axis, axis, indexing="ij")
    t, r = np.arctan2(y, x), np.hypot(x, y)
    well = (t**2 / 4 - 1) ** 2
    mu = np.exp(-beta * (well + 10 * np.log(r) ** 2))
    fine = np.linspace(-2, 2, 40_001)
    slope = np.exp(beta * well) / np.trapezoid(np.exp(beta * (fine**2 / 4 - 1) ** 2), fine)
    dirichlet = np.sum(np.where(np.abs(t) < 2, (slope / r) ** 2 * mu, 0.0)) / np.sum(mu)
    # The integrand jumps at the boundaries by e^-5 of its peak: first order there.
    assert arc.judge(parameters, SEED).rate.value == pytest.approx(dirichlet / beta, rel=1e-4)


def test_rate_by_sampling_its_dirichlet_and_slab_forms(case):
    """sum w |grad q|^2 with the gradient by automatic differentiation of the closed form."""
    judge, end = case.judge(), case.end
    beta = judge.beta
    fine = np.linspace(-end, end, 40_001)
    log_integral = beta + np.log(np.trapezoid(np.exp(beta * (((fine / end) ** 2 - 1) ** 2 - 1)), fine))
    t = case.coordinate(judge.energy.x)
    slope = np.exp(beta * ((t / end) ** 2 - 1) ** 2 - log_integral)
    tangent = jax.vmap(jax.grad(lambda x: case.coordinate(x[None], jnp)[0]))(jnp.asarray(judge.energy.x))
    squares = judge.energy.weights * slope**2 * np.sum(np.asarray(tangent) ** 2, axis=1)
    # What the judge regresses on is that, point by point.
    np.testing.assert_allclose(judge.energy.weights * judge.energy.squares, squares, rtol=1e-5)
    order = np.interp(t, fine, np.cumsum(np.exp(beta * ((fine / end) ** 2 - 1) ** 2 - log_integral)))
    q = order * (fine[1] - fine[0])
    for terms in (squares / beta, np.where((q > 0.3) & (q < 0.7), squares, 0.0) / (0.4 * beta)):
        error = math.sqrt(len(terms)) * np.std(terms)
        assert abs(np.sum(terms) - judge.rate.value) < SIGMAS * error
        assert error < 0.05 * judge.rate.value
