"""The dimer among repelling particles: potential by another route; periodicity and symmetries; frameworks; fresh shots."""

import itertools
import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench_committor import solvated_dimer
from mfbench_committor.entries.solvated_dimer import SolvatedDimerParameters
from mfbench_committor.shooting import store
from mfbench_committor.shooting.dynamics import Noise

SEED = 11
PARAMETERS = SolvatedDimerParameters()
PROBLEM = solvated_dimer.shooting_problem(PARAMETERS)
SHORT, LONG = 2 ** (1 / 6), 2 ** (1 / 6) + 0.5
SHIFTS = 4.0 * np.array(list(itertools.product((-1, 0, 1), repeat=3)))


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["scrambled", "exact"])
def problem(request):
    return solvated_dimer.build(SolvatedDimerParameters(levels=request.param), SEED)


@cache
def cloud():
    """(n, 96) points: of the sets and what lies between, and scattered ones whose cores overlap."""
    plain = solvated_dimer.build(PARAMETERS, SEED)
    reactive = store.load(PROBLEM.stem).x[:40]
    scattered = np.random.default_rng(0).uniform(-2, 2, (20, 96))
    return np.concatenate([plain.start_a[:20], plain.start_b[:20], reactive, scattered])


def energy(x):
    """The formula of the entry, one point, pair by pair, the nearest of 27 images."""
    places = x.reshape(32, 3)
    value = 5 * (1 - (math.dist(*places[:2]) - SHORT - 0.25) ** 2 / 0.25**2) ** 2
    for i, j in itertools.combinations(range(32), 2):
        s = float(np.min(np.sum((places[i] - places[j] + SHIFTS) ** 2, axis=1)))
        if (i, j) == (0, 1) or s >= SHORT**2:
            continue
        t = max(s, 0.64)
        value += 4 / t**6 - 4 / t**3 + 1
        if s < 0.64:
            value += (12 / t**4 - 24 / t**7) * (s - t) + (168 / t**8 - 48 / t**5) * (s - t) ** 2 / 2
    return value


def gradient(x):
    """(n, 96) grad V by torch."""
    leaf = torch.tensor(x, requires_grad=True)
    solvated_dimer.potential(leaf).sum().backward()
    return leaf.grad.numpy()


def test_potential_pair_by_pair():
    x = cloud()
    squares = solvated_dimer.pair_squares(x)
    assert squares.shape == (len(x), 495)
    assert np.count_nonzero(np.any(squares < 0.64, axis=1)) == 20, (
        "cores overlap where scattered, and only there"
    )
    np.testing.assert_allclose(solvated_dimer.potential(x), [energy(p) for p in x], rtol=1e-12)


def test_gradient_against_differences():
    rng, x = np.random.default_rng(3), cloud()[::10]
    along, step = rng.standard_normal(x.shape), 1e-6
    differences = solvated_dimer.potential(x + step * along) - solvated_dimer.potential(x - step * along)
    slopes = np.sum(gradient(x) * along, axis=1)
    scale = np.linalg.norm(gradient(x), axis=1)
    np.testing.assert_allclose(differences / (2 * step) / scale, slopes / scale, atol=1e-5)


def test_one_pair_in_a_crystal_and_the_core():
    """No pair of the crystal is near; one particle is moved towards another. Parabola to second order, finite at r = 0."""
    places = solvated_dimer.crystal(SHORT).reshape(32, 3)
    assert solvated_dimer.potential(places.reshape(1, 96))[0] == pytest.approx(0, abs=1e-20)
    one, two = next(
        pair
        for pair in itertools.combinations(range(2, 32), 2)
        if math.dist(*places[list(pair)]) == pytest.approx(math.sqrt(2))
    )
    for r in (0.9, 1.0, 1.1, SHORT - 1e-4, SHORT + 1e-4, 1.2):
        moved = places.copy()
        moved[one] = places[two] + (places[one] - places[two]) * r / math.sqrt(2)
        expected = 4 * r**-12 - 4 * r**-6 + 1 if r < SHORT else 0.0
        assert solvated_dimer.potential(moved.reshape(1, 96))[0] == pytest.approx(expected, abs=1e-12)
    s, step = 0.64, 1e-5
    values = [4 * t**-6 - 4 * t**-3 for t in (s + step, s, s - step)]
    slope, curvature = solvated_dimer.core_slopes()
    assert slope == pytest.approx((values[0] - values[2]) / (2 * step), rel=1e-6)
    assert curvature == pytest.approx((values[0] - 2 * values[1] + values[2]) / step**2, rel=1e-4)
    assert np.isfinite(solvated_dimer.potential(np.zeros((1, 96)))[0])
    assert np.all(np.isfinite(gradient(np.zeros((1, 96)))))


def test_periodic_in_each_other_particle_and_in_the_dimer_as_a_whole(problem):
    rng, x = np.random.default_rng(5), cloud()
    shifts = 4.0 * rng.integers(-2, 3, (len(x), 32, 3))
    shifts[:, 1] = shifts[:, 0]
    moved = x + shifts.reshape(x.shape)
    np.testing.assert_allclose(problem.potential(moved), problem.potential(x), rtol=1e-9)
    np.testing.assert_array_equal(problem.in_a(moved), problem.in_a(x))
    np.testing.assert_array_equal(problem.in_b(moved), problem.in_b(x))
    together = x + np.tile(rng.normal(0, 3, (len(x), 1, 3)), (1, 32, 1)).reshape(x.shape)
    np.testing.assert_allclose(problem.potential(together), problem.potential(x), rtol=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_scrambled_boundary_functions_know_what_the_sets_know(seed):
    """No free particle from another, no bound one from the other, no shift, no reflection, no image; and are smooth."""
    scrambled, x, rng = (
        solvated_dimer.build(SolvatedDimerParameters(), seed),
        cloud(),
        np.random.default_rng(seed),
    )
    places = x.reshape(-1, 32, 3)
    images = [
        places[:, np.concatenate([[0, 1], 2 + rng.permutation(30)])],
        places[:, np.concatenate([[1, 0], np.arange(2, 32)])],
        places + rng.standard_normal((len(x), 1, 3)),
        places * [-1.0, 1.0, 1.0],
        places + np.pad(4.0 * rng.integers(-2, 3, (len(x), 30, 3)), ((0, 0), (2, 0), (0, 0))),
    ]
    for boundary in (scrambled.boundary_a, scrambled.boundary_b):
        for image in images:
            np.testing.assert_allclose(boundary(image.reshape(x.shape)), boundary(x), rtol=1e-8, atol=1e-8)
    # A free particle passes the face of the box about a bound one: the nearest image is another, and nothing is felt.
    way = np.tile(x[:1], (401, 1))
    way[:, 6] = way[:, 0] + np.linspace(1.9, 2.1, 401)
    for boundary in (scrambled.boundary_a, scrambled.boundary_b):
        slope = np.diff(boundary(way))
        assert np.max(np.abs(np.diff(slope))) < 1e-2 * np.max(np.abs(boundary(way))) / 400


def test_frameworks_agree_to_round_off(problem):
    x = cloud()
    for function in (problem.potential, problem.boundary_a, problem.boundary_b):
        leaf = torch.tensor(x, requires_grad=True)
        torch_value = function(leaf)
        torch_value.sum().backward()
        value, pullback = jax.vjp(jax.jit(function), jnp.asarray(x))
        slope = np.asarray(pullback(jnp.ones(len(x)))[0])
        scale = 1 + np.abs(function(x))
        np.testing.assert_allclose(torch_value.detach().numpy() / scale, function(x) / scale, atol=1e-13)
        np.testing.assert_allclose(np.asarray(value) / scale, function(x) / scale, atol=1e-13)
        size = 1 + np.linalg.norm(slope, axis=1, keepdims=True)
        np.testing.assert_allclose(leaf.grad.numpy() / size, slope / size, atol=1e-12)


def test_symmetries_keep_potential_and_bond_and_close_as_a_group():
    x, images = cloud(), [image for image, _ in PROBLEM.symmetries]
    assert len(images) == 7
    assert not any(exchanges for _, exchanges in PROBLEM.symmetries)
    for image in images:
        np.testing.assert_allclose(
            solvated_dimer.potential(image(x)), solvated_dimer.potential(x), rtol=1e-11
        )
        np.testing.assert_allclose(
            solvated_dimer.bond_squared(image(x)), solvated_dimer.bond_squared(x), rtol=1e-12
        )
    group = np.stack([np.eye(96), *(image(np.eye(96)) for image in images)])
    products = np.einsum("aij,bjk->abik", group, group).reshape(-1, 1, 96, 96)
    assert np.all(np.sum(np.max(np.abs(products - group), axis=(2, 3)) < 1e-12, axis=1) == 1)


def test_simulated_system_is_the_problem(problem):
    """Forces by torch's gradient; gaps with the slope sqrt 2 of r; a step without noise follows the force, up to images."""
    system, x = PROBLEM.make_system(), cloud()
    assert system.beta == problem.beta
    columns = np.ascontiguousarray(x.T, np.float32)
    r = np.sqrt(solvated_dimer.bond_squared(x))
    for gap, value in zip(system.gaps(columns), (r - SHORT, LONG - r), strict=True):
        np.testing.assert_allclose(gap, value / math.sqrt(2), atol=1e-6)
    force, slope = np.empty_like(columns), -gradient(x)
    system.force(columns, force)
    scale = 1 + np.max(np.abs(slope), axis=1)
    np.testing.assert_allclose(force.T / scale[:, None], slope / scale[:, None], atol=1e-5)
    system.beta, step = 1e14, 1e-6
    calm = columns[:, :80].copy()
    system.stepper(step, Noise(np.random.SeedSequence(1)))(calm)
    moved, free = calm.T.reshape(80, 32, 3), (x[:80] + step * slope[:80]).reshape(80, 32, 3)
    np.testing.assert_allclose(moved[:, 0] + moved[:, 1], 0.0, atol=1e-6)
    assert np.max(np.abs(moved[:, 2:])) <= 2.0 + 1e-6
    across = (moved - moved[:, :1]) - (free - free[:, :1])
    images = 4.0 * np.rint(across / 4.0)
    assert np.all(images[:, 1] == 0), "the bond is never folded"
    assert np.max(np.abs(step * slope[:80])) > 5e-5
    np.testing.assert_allclose(across - images, 0.0, atol=1e-6)


def test_crystal_is_face_centred_cubic():
    """Without the dimer's change of length each site has twelve neighbours at sqrt 2; the bond has the length given."""
    for bond in solvated_dimer.BONDS:
        places = solvated_dimer.crystal(bond).reshape(32, 3)
        assert math.dist(*places[:2]) == pytest.approx(bond)
        across = places[:, None] - places[None]
        distances = np.linalg.norm(across - 4 * np.rint(across / 4), axis=2)
        near = np.sum(np.abs(distances - math.sqrt(2)) < 1e-12, axis=1)
        assert np.all(near[2:] + 2 >= 12)
        assert np.count_nonzero(near == 12) >= 10


def test_start_points_and_box(problem):
    for points, own, other in (
        (problem.start_a, problem.in_a, problem.in_b),
        (problem.start_b, problem.in_b, problem.in_a),
    ):
        assert points.shape == (32, 96)
        assert np.all(own(points))
        assert not np.any(other(points))
        assert np.all((problem.box[0] <= points + 1e-6) & (points - 1e-6 <= problem.box[1]))
        assert np.unique(np.round(points, 5), axis=0).shape == points.shape
        # Molten: no memory of the crystal's sites in the solvent's structure factor at its first peak, (2 pi / 2)(1, 1, 1).
        waves = np.exp(1j * math.pi * points.reshape(32, 32, 3)[:, 2:].sum(axis=2))
        assert np.mean(np.abs(np.mean(waves, axis=1)) ** 2) < 0.25
    assert not np.array_equal(problem.start_a, solvated_dimer.build(PARAMETERS, SEED + 1).start_a)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 0.25}, "temperature is 0.25; expected a number from 0.5 to 2.0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"levels": "none"}, "levels is 'none'"),
    ],
)
def test_bad_values_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        SolvatedDimerParameters(**given)


def test_values_without_a_reference_are_built_but_not_judged():
    parameters = SolvatedDimerParameters(temperature=2.0)
    assert solvated_dimer.build(parameters, SEED).beta == 0.5
    with pytest.raises(ValueError, match=r"solvated-dimer\[temperature=2\].*no reference"):
        solvated_dimer.judge(parameters, SEED)


@pytest.mark.slow
def test_shots_by_another_integrator(chance_of_shots):
    """Euler-Maruyama in float64 on torch's gradient of V, with numpy's normals and positions never folded: 30 fresh shots
    from each of 20 stored points; chi-square of two binomials, false-alarm rate 1e-4."""
    stored, rng, count, step = store.load(PROBLEM.stem), np.random.default_rng(2), 30, 5e-5
    x = np.repeat(stored.x[:20], count, axis=0)
    ends, running = np.zeros(len(x), int), np.arange(len(x))

    def distances(x):
        r = np.linalg.norm(x[:, :3] - x[:, 3:6], axis=1)
        return (r - SHORT) / math.sqrt(2), (LONG - r) / math.sqrt(2)

    gaps = distances(x)
    while len(running):
        x = x - step * gradient(x) + math.sqrt(2 * step) * rng.standard_normal(x.shape)
        before, gaps = gaps, distances(x)
        for word, old, new in zip((-1, 1), before, gaps, strict=True):
            met = (new <= 0) | (rng.random(len(x)) < np.exp(-np.maximum(old * new, 0) / step))
            ends[running[met & (ends[running] == 0)]] = word
        kept = ends[running] == 0
        x, running, gaps = x[kept], running[kept], [gap[kept] for gap in gaps]
    assert chance_of_shots(ends, stored) > 1e-4
