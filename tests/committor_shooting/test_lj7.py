"""Seven Lennard-Jones particles: potential, moments and minima by other routes; symmetries; frameworks; fresh shots."""

import itertools
import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from mfbench.frames import random_rotation
from mfbench_committor import lj7
from mfbench_committor.entries.lj7 import LJ7Parameters
from mfbench_committor.shooting import store
from mfbench_committor.shooting.cluster import FAR
from mfbench_committor.shooting.dynamics import NEAR, Noise

SEED = 11
PROBLEM = lj7.shooting_problem(LJ7Parameters())


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["scrambled", "exact"])
def problem(request):
    return lj7.build(LJ7Parameters(levels=request.param), SEED)


@cache
def cloud():
    """(n, 14) points: of the sets, of what lies between, and scattered ones with cores that overlap and arms too long."""
    rng, plain = np.random.default_rng(0), lj7.build(LJ7Parameters(), SEED)
    reactive = store.load(PROBLEM.stem).x[:60]
    return np.concatenate([plain.start_a, plain.start_b, reactive, rng.normal(0, 1.3, (60, 14))])


def compiled(function):
    """(n, d) -> values (n,) and gradients (n, d) of a field, by jax."""
    return jax.jit(lambda x: (function(x), jax.grad(lambda y: jnp.sum(function(y)))(x)))


def energy(x):
    """The formula of the entry, one point, term by term."""
    places = x.reshape(7, 2)
    centre, value = places.mean(axis=0), np.sum(x.reshape(7, 2).sum(axis=0) ** 2) / 14
    for one, two in itertools.combinations(places, 2):
        s = float(np.sum((one - two) ** 2))
        t = max(s, 0.64)
        value += 4 / t**6 - 4 / t**3
        if s < 0.64:
            value += (12 / t**4 - 24 / t**7) * (s - t) + (168 / t**8 - 48 / t**5) * (s - t) ** 2 / 2
    return value + sum(50 * max(np.linalg.norm(place - centre) - 2, 0) ** 2 for place in places)


def moments(x):
    """Second and third central moment of the coordination numbers of one point."""
    places = x.reshape(7, 2)
    counts = [
        sum(1 / (1 + (math.dist(one, two) / 1.5) ** 8) for two in places if two is not one) for one in places
    ]
    shifts = np.array(counts) - np.mean(counts)
    return np.mean(shifts**2), np.mean(shifts**3)


def test_potential_and_moments_term_by_term():
    x = cloud()
    cores, arms = lj7.pair_squares(x) < 0.64, lj7.lengths_squared(x @ lj7.ARMS) > 4.0
    assert np.count_nonzero(np.any(cores, axis=1) & np.any(arms, axis=1)) > 10, "every term is there"
    np.testing.assert_allclose(lj7.potential(x), [energy(p) for p in x], rtol=1e-12)
    np.testing.assert_allclose(np.transpose(lj7.moments(x)), [moments(p) for p in x], rtol=1e-11, atol=1e-13)


def test_core_is_smooth_and_out_of_reach():
    """Value, slope and curvature meet at r = .8, where e^{-beta V} is e^-215; at r = 0 all is finite."""
    value, slope, curvature = lj7.pair_energy(0.64)
    assert 5 * value > 210
    step = 1e-5
    above, below = lj7.pair_energy(0.64 + step)[0], lj7.pair_energy(0.64 - step)[0]
    assert slope == pytest.approx((above - below) / (2 * step), rel=1e-6)
    assert curvature == pytest.approx((above - 2 * value + below) / step**2, rel=1e-4)
    leaf = torch.zeros(1, 14, dtype=torch.float64, requires_grad=True)
    lj7.potential(leaf).sum().backward()
    assert np.isfinite(lj7.potential(np.zeros((1, 14)))[0])
    assert torch.all(torch.isfinite(leaf.grad))


def test_minima_of_the_literature():
    """Energies -12.535 and -11.403 of hexagon and trapezoid; gradients vanish, only turning is free."""
    for x, expected in ((lj7.hexagon(), -12.535), (lj7.trapezoid(), -11.403)):
        assert lj7.potential(x[None])[0] == pytest.approx(expected, abs=5e-4)
        leaf = torch.tensor(x, requires_grad=True)
        lj7.potential(leaf[None]).sum().backward()
        np.testing.assert_allclose(leaf.grad, 0.0, atol=1e-10)
        hessian = torch.autograd.functional.hessian(lambda x: lj7.potential(x[None])[0], leaf).numpy()
        np.testing.assert_allclose(lj7.derivatives(x)[1], hessian, atol=1e-9)
        values = np.linalg.eigvalsh(hessian)
        assert abs(values[0]) < 1e-9
        np.testing.assert_allclose(values[1:3], 1.0, atol=1e-9)  # the spring
        assert values[3] > 5.0


def test_discs_hold_the_middle_of_both_basins():
    """The median of the moments after a time of .4 from each minimum; the hexagon itself lies outside its disc."""
    system, step = PROBLEM.make_system(), 1e-3
    for x, (centre, radius) in ((lj7.trapezoid(), lj7.DISC_A), (lj7.hexagon(), lj7.DISC_B)):
        walkers = np.repeat(x[:, None], 500, axis=1).astype(np.float32)
        move = system.stepper(step, Noise(np.random.SeedSequence(3)))
        for _ in range(400):
            move(walkers)
        middle = np.median(lj7.moments(walkers.T.astype(float)), axis=1)
        assert math.dist(middle, centre) < radius
    second, third = lj7.moments(lj7.hexagon()[None])
    assert math.dist((second[0], third[0]), lj7.DISC_B[0]) > 2 * lj7.DISC_B[1]


def test_frameworks_agree_to_round_off(problem):
    x = cloud()
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        value, gradient = (np.asarray(v) for v in compiled(function)(jnp.asarray(x)))
        scale = 1 + np.abs(function(x))
        np.testing.assert_allclose(torch_value.detach().numpy() / scale, function(x) / scale, atol=1e-13)
        np.testing.assert_allclose(value / scale, function(x) / scale, atol=1e-13)
        size = 1 + np.linalg.norm(gradient, axis=1, keepdims=True)
        np.testing.assert_allclose(leaf.grad.numpy() / size, gradient / size, atol=1e-12)


def test_symmetries_keep_potential_and_moments_and_close_as_a_group():
    x, images = cloud(), [image for image, _ in PROBLEM.symmetries]
    assert not any(exchanges for _, exchanges in PROBLEM.symmetries)
    for image in images:
        np.testing.assert_allclose(lj7.potential(image(x)), lj7.potential(x), rtol=1e-11)
        np.testing.assert_allclose(lj7.moments(image(x)), lj7.moments(x), atol=1e-12)
    group = np.stack([np.eye(14), *(image(np.eye(14)) for image in images)])
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 1, 14, 14)
    distances = np.max(np.abs(products - group), axis=(2, 3))
    assert np.all(np.sum(distances < 1e-12, axis=1) == 1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_scrambled_boundary_functions_tell_no_particles_apart(seed):
    """Nor turns, reflections and shifts: a solver may rely on what V and the sets are."""
    scrambled, x, rng = lj7.build(LJ7Parameters(), seed), cloud(), np.random.default_rng(seed)
    places = x.reshape(-1, 7, 2)
    images = [
        places[:, rng.permutation(7)],
        places @ random_rotation(2, seed),
        places * [-1.0, 1.0],
        places + rng.standard_normal((len(x), 1, 2)),
    ]
    for boundary in (scrambled.boundary_a, scrambled.boundary_b):
        for image in images:
            np.testing.assert_allclose(boundary(image.reshape(x.shape)), boundary(x), rtol=1e-8, atol=1e-8)


def distance_function(disc):
    """(n,) |m - c| - a, for jax."""

    def function(x):
        second, third = lj7.moments(x)
        return jnp.sqrt((second - disc[0][0]) ** 2 + (third - disc[0][1]) ** 2) - disc[1]

    return function


def test_simulated_system_is_the_problem():
    """At zero temperature a small step follows -grad V by jax; gaps are distances to first order, and far where cut."""
    system, step = PROBLEM.make_system(), 1e-6
    far = math.sqrt(NEAR * 2 * PROBLEM.step / system.beta)
    walkers = np.repeat(cloud()[:64].T, 4, axis=1).astype(np.float32)
    move = system.stepper(PROBLEM.step, Noise(np.random.SeedSequence(2)))
    for _ in range(200):
        move(walkers)  # out of their sets, but not far
    x = np.concatenate([walkers.T.astype(float), store.load(PROBLEM.stem).x])
    columns = np.ascontiguousarray(x.T, np.float32)
    for gap, disc in zip(system.gaps(columns), (lj7.DISC_A, lj7.DISC_B), strict=True):
        values, slopes = (np.asarray(v) for v in compiled(distance_function(disc))(jnp.asarray(x)))
        sizes = np.linalg.norm(slopes, axis=1)
        near = (values > 1e-4) & (values < FAR)
        assert np.count_nonzero(near) > 50
        np.testing.assert_allclose(gap[near], values[near] / sizes[near], rtol=2e-3, atol=1e-5)
        clear = np.abs(values) > 1e-5
        np.testing.assert_array_equal((gap <= 0)[clear], (values <= 0)[clear])
        beyond = values >= FAR
        assert np.min(values[beyond] / sizes[beyond]) > far, "a set beyond FAR cannot be met in one step"
    x = cloud()
    columns = np.ascontiguousarray(x.T, np.float32)
    system.beta = 1e14
    moved = columns.copy()
    system.stepper(step, Noise(np.random.SeedSequence(1)))(moved)
    slope = -np.asarray(compiled(lj7.potential)(jnp.asarray(x))[1])
    scale = 1 + np.max(np.abs(slope), axis=1)
    np.testing.assert_allclose(
        (moved - columns).T / step / scale[:, None], slope / scale[:, None], atol=0.02 + 1e-7 / step
    )
    force = np.empty_like(columns)
    system.force(columns, force)
    np.testing.assert_allclose(force.T / scale[:, None], slope / scale[:, None], atol=1e-5)


def test_boundary_functions_have_a_slope_on_the_boundary(problem):
    """From each start point along a random line to where the set ends."""
    rng, rims = np.random.default_rng(4), []
    factor = math.exp(1.5)  # three sines of amplitude 1/2
    for starts, function in ((problem.start_a, problem.boundary_a), (problem.start_b, problem.boundary_b)):
        for x in starts[:12]:
            line = rng.standard_normal(14)
            line /= np.linalg.norm(line)
            along = lambda t, x=x, line=line, f=function: float(f((x + t * line)[None])[0])  # noqa: E731
            edge = next(t for t in np.arange(0.01, 5.0, 0.01) if along(t) > 0)
            rims.append(x + brentq(along, 0.0, edge, xtol=1e-14) * line)
        values, slopes = compiled(function)(jnp.asarray(rims))
        np.testing.assert_allclose(values, 0.0, atol=1e-11)
        sizes = np.linalg.norm(slopes, axis=1)
        assert 0.3 / factor < sizes.min() <= sizes.max() < 5.0 * factor
        rims.clear()


def test_start_points_and_box(problem):
    for points, own, other in (
        (problem.start_a, problem.in_a, problem.in_b),
        (problem.start_b, problem.in_b, problem.in_a),
    ):
        assert points.shape == (32, 14)
        assert np.all(own(points))
        assert not np.any(other(points))
        # No two have the same particle in the same direction from the centre of mass.
        arms = (points @ lj7.ARMS).reshape(32, 7, 2)
        angles = np.arctan2(arms[:, 0, 1], arms[:, 0, 0])
        assert len(np.unique(np.round(angles, 3))) > 28
        closest = np.argmin(np.linalg.norm(arms, axis=2), axis=1)
        assert len(np.unique(closest)) > 4, "labels differ"
    corner = problem.box[1, 0]
    # The least energy of confinement and spring with one coordinate at the corner.
    share = np.linspace(0.0, 1.0, 10_001) * (corner - lj7.REACH)
    least = np.min(lj7.STIFFNESS * share**2 / 2 + 7 * (corner - lj7.REACH - share) ** 2 / 2)
    assert problem.beta * least == pytest.approx(28.0, rel=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"beta": 3.0}, "beta is 3.0; expected a number from 4.0 to 10.0"),
        ({"beta": float("nan")}, "beta is nan"),
        ({"levels": "none"}, "levels is 'none'"),
    ],
)
def test_bad_values_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        LJ7Parameters(**given)


def test_values_without_a_reference_are_built_but_not_judged():
    parameters = LJ7Parameters(beta=6.0)
    assert lj7.build(parameters, SEED).beta == 6.0
    with pytest.raises(ValueError, match=r"lj7\[beta=6\].*no reference"):
        lj7.judge(parameters, SEED)


@pytest.mark.slow
def test_shots_by_another_integrator(chance_of_shots):
    """Euler-Maruyama in float64 on jax's gradient of V, with numpy's normals and jax's distances: 30 fresh shots from each
    of 20 stored points; chi-square of two binomials, false-alarm rate 1e-4."""
    stored, rng, count, step, beta = store.load(PROBLEM.stem), np.random.default_rng(2), 30, 2e-4, 5.0
    slope = jax.jit(lambda x: compiled(lj7.potential)(x)[1])

    @jax.jit
    def distances(x):
        pairs = [compiled(distance_function(disc))(x) for disc in (lj7.DISC_A, lj7.DISC_B)]
        return [values / jnp.linalg.norm(slopes, axis=1) for values, slopes in pairs]

    x = np.repeat(stored.x[:20], count, axis=0)
    all_ends, running = np.zeros(len(x), int), np.arange(len(x))
    ends, gaps = np.zeros(len(x), int), [np.asarray(g) for g in distances(x)]
    while len(running):
        # Those that have ended stay until they are half of the batch: jax compiles anew for each size.
        if np.count_nonzero(ends) >= (len(running) + 1) // 2:
            all_ends[running], going = ends, ends == 0
            x, gaps, running, ends = x[going], [gap[going] for gap in gaps], running[going], ends[going]
            continue
        x = x - step * np.asarray(slope(x)) + math.sqrt(2 * step / beta) * rng.standard_normal(x.shape)
        before, gaps = gaps, [np.asarray(g) for g in distances(x)]
        for word, old, new in zip((-1, 1), before, gaps, strict=True):
            met = (new <= 0) | (rng.random(len(x)) < np.exp(-np.maximum(old * new, 0) * beta / step))
            ends[met & (ends == 0)] = word
    assert chance_of_shots(all_ends, stored) > 1e-4
