"""The Duffing oscillator: noise on the momentum alone. Formula, law, sets, symmetries, printed figures, simulation."""

import math
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

from mfbench_committor import duffing
from mfbench_committor.entries.duffing import DuffingParameters
from mfbench_committor.references import store
from mfbench_committor.references.standing import standing_problems

SEED, BETA = 5, 20.0
PROBLEM = duffing.planar_problem(DuffingParameters())
STANDING = standing_problems("duffing")
ALARM, COARSE = 1e-5, 1e-4
"""COARSE: of q on a grid one rung lower, as wRMSE (test_stored_references)."""


@cache
def once_halved(circulation=1.0, depth=None, problem=PROBLEM):
    """The committor on the middle one of the three grids; -1 turns time round, a depth of 15 is a cut at H = .5."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    law = replace(problem.law, circulation=circulation, depth=depth or problem.law.depth)
    return solve(law, problem.spacing, 1)


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


def test_half_a_turn_of_phase_space_exchanges_the_sets():
    """q(-x, -p) = 1 - q(x, p) at the stored points, and with it rhoA = 1/2."""
    stored = store.load(PROBLEM.stem)
    known = stored.points.reactive
    difference = once_halved().complement(-known.u) - known.q
    assert np.sqrt(np.sum(known.weights * difference**2)) < COARSE
    assert stored.record["rhoA"] == pytest.approx(0.5, abs=1e-9)


def test_turning_time_round_turns_the_momentum_round():
    """With the opposite circulation q is that at (x, -p), on a grid that is no mirror image of itself; nu stays."""
    known = store.load(PROBLEM.stem).points.reactive
    backward = once_halved(circulation=-1.0)
    difference = backward.committor(known.u * [1, -1]) - known.q
    assert np.sqrt(np.sum(known.weights * difference**2)) < COARSE
    assert backward.dirichlet == pytest.approx(once_halved().dirichlet, rel=2e-6)


def test_the_committor_sees_the_momentum():
    """Without it the best guess is far off: at x = 0 q runs from one end to the other as p does."""
    field = once_halved()
    assert field.committor(np.array([[0.0, 0.0]]))[0] == pytest.approx(0.5, abs=1e-6)
    slow, fast = field.committor(np.array([[0.0, -0.4], [0.0, 0.4]]))
    assert slow < 0.1 < 0.9 < fast


def test_printed_figures():
    """Of linear elements with a wall at H = .5: Z = 69.38, rhoA = .5, nu = 5.4904e-4. Converged, and without the wall, nu
    is 6e-5 larger; the wall would add 3e-5 to it, so that the difference is the linear elements'."""
    stored = store.load(PROBLEM.stem)
    assert math.exp(stored.record["log_Z"]) == pytest.approx(69.38, abs=0.005)
    assert stored.rate == pytest.approx(5.4904e-4, rel=1e-4)
    walled = once_halved(depth=BETA * 0.75)
    assert 1e-5 < walled.dirichlet / once_halved().dirichlet - 1 < 5e-5


def share_of_reactive_time(problem):
    """int q(x, p) (1 - q(x, -p)) dmu: the backward committor is that of the reversed momentum."""
    field = once_halved(problem=problem)
    axes = [np.linspace(a, b, 801) for a, b in problem.law.extent(20.0).T]
    u = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    mu = np.exp(problem.law.log_weight(u.T))
    return np.sum(mu * field.committor(u) * field.complement(u * [1, -1])) / np.sum(mu)


@pytest.mark.slow
def test_printed_share_of_reactive_time():
    """.00407299 at beta = 20, by linear elements."""
    assert share_of_reactive_time(PROBLEM) == pytest.approx(0.00407299, rel=2e-3)


@pytest.mark.slow
def test_printed_duration_of_a_passage():
    """E[tau_AB] = rhoAB / nu, at beta = 10 by controlled paths 6.932 +- .392, in print."""
    stem = "duffing-beta_10"
    duration = share_of_reactive_time(STANDING[stem]) / store.load(stem).rate
    print(stem, "rhoAB / nu", duration)
    assert abs(duration - 6.932) < 0.392


def move(x, p, beta, dt, rng):
    """Velocity Verlet around the exact step of friction and noise: order 2, and nothing shared with the elements."""
    decay = math.exp(-0.5 * dt)
    p = p + dt / 2 * (x - x**3)
    x = x + dt / 2 * p
    p = decay * p + math.sqrt((1 - decay**2) / beta) * rng.standard_normal(len(p))
    x = x + dt / 2 * p
    return x, p + dt / 2 * (x - x**3)


def within(x, p):
    """Whether places lie in A, and in B."""
    return [((x - c) / 0.3) ** 2 + (p / 0.4) ** 2 <= 1 for c in (-1, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(("stem", "time"), [("duffing-beta_20", 1500), ("duffing-beta_10", 300)])
def test_transitions_of_a_long_run_are_as_many(stem, time):
    """2000 walkers, dt = .04, looked at after every step; hits unseen in between are followed by others before a way
    across. Their counts are independent: z-score, false-alarm rate 1e-5 (4.4 standard errors, 2 % each)."""
    problem, stored = STANDING[stem], store.load(stem)
    rng, number, dt, waited = np.random.default_rng(1), 2000, 0.04, 20.0
    last = np.arange(number) % 2
    x, p = 2.0 * last - 1.0, rng.standard_normal(number) / math.sqrt(problem.beta)
    count = np.zeros(number)
    for step in range(round((time + waited) / dt)):
        x, p = move(x, p, problem.beta, dt, rng)
        in_a, in_b = within(x, p)
        if step * dt >= waited:
            count += in_b & (last == 0)
        last = np.where(in_a, 0, np.where(in_b, 1, last))
    rate, error = np.mean(count) / time, np.std(count, ddof=1) / math.sqrt(number) / time
    print(stem, "nu", rate, "+-", error, "against", stored.rate)
    assert error < 0.03 * stored.rate
    assert abs(rate - stored.rate) < 4.42 * error


@pytest.mark.slow
@pytest.mark.parametrize("stem", STANDING)
def test_shots_from_stored_points(stem):
    """400 from each of 40 points flat in q, dt = .002, hits at the ends of steps; chi-square, false-alarm rate 1e-5."""
    beta, known = STANDING[stem].beta, store.load(stem).points.reactive
    rng, count, dt = np.random.default_rng(1), 400, 0.002
    middle = np.flatnonzero((known.q > 0.02) & (known.q < 0.98))
    order = middle[np.argsort(known.q[middle])]
    chosen = order[np.linspace(0, len(order) - 1, 40).astype(int)]
    q = known.q[chosen]
    x, p = np.repeat(known.u[chosen], count, axis=0).T
    ends, running = np.zeros(len(x), int), np.arange(len(x))
    while len(running):
        x, p = move(x, p, beta, dt, rng)
        in_a, in_b = within(x, p)
        ends[running[in_b]] = 1
        kept = ~(in_a | in_b)
        x, p, running = x[kept], p[kept], running[kept]
    share = np.mean(ends.reshape(40, count), axis=1)
    square = np.sum((share - q) ** 2 * count / (q * (1 - q)))
    print(stem, "chi-square of 40:", square)
    assert chi2.sf(square, 40) > ALARM
