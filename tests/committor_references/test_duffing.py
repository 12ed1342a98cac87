"""The Duffing oscillator: noise on the momentum alone. Formula, law, sets, printed figures, and simulated shots."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from mfbench_committor import duffing
from mfbench_committor.entries.duffing import DuffingParameters
from mfbench_committor.references import store

SEED, BETA = 5, 20.0
PROBLEM = duffing.planar_problem(DuffingParameters())


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def cloud(count=300, seed=0):
    return np.random.default_rng(seed).uniform([-1.8, -1.0], [1.8, 1.0], (count, 2))


def test_drift_is_that_of_a_particle_with_inertia():
    """-M grad V + c by jax against (p, x - x^3 - p / 2), and div(c e^{-beta V}) = 0."""
    problem, x = duffing.build(DuffingParameters(), SEED), cloud()
    slope = jax.grad(lambda x: jnp.sum(problem.potential(x)))(jnp.asarray(x))
    drift = -problem.mobility * np.asarray(slope) + problem.circulation(x)
    expected = np.stack([x[:, 1], x[:, 0] - x[:, 0] ** 3 - 0.5 * x[:, 1]], axis=1)
    np.testing.assert_allclose(drift, expected, atol=1e-13)
    np.testing.assert_array_equal(problem.mobility, [0.0, 0.5])

    def flow(x):
        return problem.circulation(x[None])[0] * jnp.exp(-BETA * problem.potential(x[None])[0])

    jacobian = jax.vmap(jax.jacfwd(flow))(jnp.asarray(x))
    sizes = np.abs(jacobian).max(axis=(1, 2))
    np.testing.assert_allclose(np.trace(jacobian, axis1=1, axis2=2) / sizes, 0.0, atol=1e-12)


@pytest.mark.parametrize("levels", ["exact", "scrambled"])
def test_sets_are_ellipses_with_a_slope_at_their_rims(levels):
    problem, x = duffing.build(DuffingParameters(levels=levels), SEED), cloud(5000)
    angle = np.linspace(-np.pi, np.pi, 60)
    factor = math.exp(1.5) if levels == "scrambled" else 1.0
    for side, centre, function in ((0, -1.0, problem.boundary_a), (1, 1.0, problem.boundary_b)):
        inside = ((x[:, 0] - centre) / 0.3) ** 2 + (x[:, 1] / 0.4) ** 2 <= 1
        assert np.count_nonzero(inside) > 100
        np.testing.assert_array_equal(function(x) <= 0, inside)
        np.testing.assert_array_equal(PROBLEM.law.box.gap(side, x.T) <= 0, inside)
        rim = np.array([centre, 0.0]) + np.stack([0.3 * np.cos(angle), 0.4 * np.sin(angle)], axis=1)
        np.testing.assert_allclose(function(rim), 0.0, atol=1e-12)
        slopes = jax.grad(lambda x, f=function: jnp.sum(f(x)))(jnp.asarray(rim))
        sizes = np.linalg.norm(slopes, axis=1)
        assert 0.74 / factor < sizes.min() <= sizes.max() < 1.01 * factor


def test_printed_figures():
    """nu = 5.4904e-4 and Z = 69.38 of linear elements with a wall at H = .5, within .1 %."""
    stored = store.load(PROBLEM.stem)
    assert stored.rate == pytest.approx(5.4904e-4, rel=1e-3)
    assert math.exp(stored.record["log_Z"]) == pytest.approx(69.38, abs=0.005)
    assert stored.record["rhoA"] == pytest.approx(0.5, abs=1e-6)


@pytest.mark.slow
def test_printed_share_of_reactive_time():
    """.00407299 = int q(x, p) (1 - q(x, -p)) dmu: the backward committor is that of the reversed momentum."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    field = solve(PROBLEM.law, PROBLEM.spacing, 1)
    axes = [np.linspace(a, b, 1601) for a, b in PROBLEM.law.extent(20.0).T]
    u = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    mu = np.exp(PROBLEM.law.log_weight(u.T))
    share = np.sum(mu * field.committor(u) * field.complement(u * [1, -1])) / np.sum(mu)
    assert share == pytest.approx(0.00407299, rel=2e-3)


@pytest.mark.slow
def test_shots_from_stored_points():
    """Velocity Verlet between half steps of the exact momentum noise (BAOAB's order 2), dt = .002, hits at the ends of steps:
    400 shots from 40 points flat in q; chi-square, false-alarm rate 1e-4."""
    known, rng, count, dt = store.load(PROBLEM.stem).points.reactive, np.random.default_rng(1), 400, 0.002
    order = np.argsort(known.q)[:: len(known.q) // 40][:40]
    q, u = known.q[order], np.repeat(known.u[order], count, axis=0)
    x, p = u.T.copy()
    decay = math.exp(-0.5 * dt)
    spread = math.sqrt((1 - decay**2) / BETA)
    ends, running = np.zeros(len(x), int), np.arange(len(x))
    while len(running):
        p += dt / 2 * (x - x**3)
        x += dt / 2 * p
        p = decay * p + spread * rng.standard_normal(len(p))
        x += dt / 2 * p
        p += dt / 2 * (x - x**3)
        met = [((x - c) / 0.3) ** 2 + (p / 0.4) ** 2 <= 1 for c in (-1, 1)]
        ends[running[met[1]]] = 1
        kept = ~(met[0] | met[1])
        x, p, running = x[kept], p[kept], running[kept]
    share = np.mean(ends.reshape(40, count), axis=1)
    assert chi2.sf(np.sum((share - q) ** 2 * count / (q * (1 - q))), 40) > 1e-4
