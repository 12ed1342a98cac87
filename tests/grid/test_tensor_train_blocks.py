"""Blocks of `tensor-train`: elements, greedy cross approximation, the energy against dense tensors, walls."""

from __future__ import annotations

import numpy as np
import pytest
import teneva
from scipy.special import k0

from mfbench.frames import random_rotation
from mfbench.tasks.committor import scrambled
from mfbench_grid.blocks.cross_roots import entries, product, squared_norm
from mfbench_grid.blocks.elements import Elements
from mfbench_grid.blocks.greedy_cross import GreedyCross
from mfbench_grid.blocks.ritz_train import RitzTrain, Roots, at_points
from mfbench_grid.blocks.wall import Wall, way_out


def test_halved_elements_hold_every_function_of_the_coarse_ones():
    coarse = Elements.over(np.array([-1.0, 0.3, 2.0]), 5)
    fine, x = coarse.halved(), np.linspace(-1.0, 2.0, 101)
    values = np.random.default_rng(0).standard_normal(len(coarse.nodes))
    np.testing.assert_allclose(fine.matrix(x) @ coarse.matrix(fine.nodes) @ values, coarse.matrix(x) @ values)
    assert 0.3 in coarse.edges


def test_elements_integrate_quintics_and_differentiate_quadratics():
    part = Elements.over(np.array([-1.0, 0.5, 2.0]), 4)
    assert part.weights @ part.points**5 == pytest.approx((2.0**6 - 1.0) / 6.0)
    _, slopes = at_points(part, (part.nodes**2)[None, :, None])
    np.testing.assert_allclose(slopes[0, :, 0], 2.0 * part.points, atol=1e-12)


def test_cross_of_a_product_has_rank_one_and_few_values():
    def function(index):
        return np.exp(-np.sum((index - 7.0) ** 2, axis=1) / 20.0)

    cross = GreedyCross(function, [16] * 12, np.full(12, 5), np.random.default_rng(0))
    assert cross.sweep(1e-10) < 1e-10
    assert set(cross.ranks) == {1}
    assert cross.asked < 12 * 16 * 50
    index = np.random.default_rng(1).integers(16, size=(200, 12))
    np.testing.assert_allclose(entries(cross.cores(), index), function(index), atol=1e-12)


def test_cross_finds_a_train_of_known_ranks_as_its_full_tensor_is():
    rng = np.random.default_rng(3)
    known = teneva.rand([6, 7, 8, 5], [1, 3, 4, 2, 1], seed=1)
    full = teneva.full(known)
    cross = GreedyCross(lambda i: full[tuple(i.T)], full.shape, np.array([1, 2, 3, 4]), rng)
    for _ in range(6):
        cross.sweep(1e-10)
    assert cross.ranks == [3, 4, 2]
    np.testing.assert_allclose(teneva.full(cross.cores()), full, atol=1e-8 * np.max(abs(full)))


def test_pivots_are_led_to_a_peak_that_a_search_does_not_see():
    peaks = np.array([[2] * 8, [29] * 8])

    def function(index):
        return sum(np.exp(-2.0 * np.sum((index - peak) ** 2.0, axis=1)) for peak in peaks)

    cross = GreedyCross(function, [32] * 8, peaks[0], np.random.default_rng(0))
    cross.sweep(1e-8)
    assert abs(entries(cross.cores(), peaks[1:])[0] - 1.0) > 0.9
    cross.lead_to(peaks[1], 1e-8)
    np.testing.assert_allclose(entries(cross.cores(), peaks), 1.0, atol=1e-8)


def test_cross_refuses_a_first_pivot_without_a_value():
    with pytest.raises(ValueError, match=r"first pivot is 0\.0; expected finite, not 0"):
        GreedyCross(lambda i: np.zeros(len(i)), [3, 3], np.array([0, 0]), np.random.default_rng(0))


def random_train(rng, shape, ranks):
    sizes = zip([1, *ranks], shape, [*ranks, 1], strict=True)
    return [rng.uniform(0.1, 1.0, size) for size in sizes]


def dense_form(elements, roots):
    """(matrix, load, constant) of the energy on all nodes' values, by full tensors."""
    values = [part.matrix(part.points) for part in elements]
    slopes = [at_points(part, np.eye(len(part.nodes))[None])[1][0] for part in elements]
    weights = np.einsum("i,j,k->ijk", *(part.weights for part in elements)).ravel()
    squares = [
        teneva.full(cores).ravel() ** 2 * weights for cores in (roots.density, roots.set_a, roots.set_b)
    ]

    def kron(*factors):
        return np.kron(np.kron(factors[0], factors[1]), factors[2])

    every = kron(*values)
    matrix = every.T @ ((squares[1] + squares[2])[:, None] * every)
    for k in range(3):
        along = kron(*(slopes[c] if c == k else values[c] for c in range(3)))
        matrix += along.T @ (squares[0][:, None] * along)
    return matrix, every.T @ squares[2], np.sum(squares[2])


@pytest.fixture(scope="module")
def small():
    """Weights without any structure in three dimensions, and the energy's dense form."""
    rng = np.random.default_rng(5)
    elements = [Elements.over(np.array([0.0, 1.0 + k]), count) for k, count in enumerate((2, 3, 2))]
    shape = [len(part.points) for part in elements]
    roots = Roots(*(random_train(rng, shape, ranks) for ranks in ((2, 3), (3, 2), (1, 2))))
    return elements, roots, dense_form(elements, roots)


def constant_one(elements):
    return [np.ones((1, len(part.nodes), 1)) for part in elements]


def test_full_rank_reaches_the_minimum_of_the_dense_form(small):
    elements, roots, (matrix, load, constant) = small
    train, rng = RitzTrain(elements, roots, constant_one(elements)), np.random.default_rng(0)
    for _ in range(12):
        train.sweep(2, rng)
    best = np.linalg.solve(matrix, load)
    assert train.energy == pytest.approx(constant - load @ best, rel=1e-7)
    np.testing.assert_allclose(teneva.full(train.cores).ravel(), best, atol=1e-3 * np.max(abs(best)))


def test_low_rank_has_the_energy_of_its_own_full_tensor_and_never_rises(small):
    elements, roots, (matrix, load, constant) = small
    train, rng = RitzTrain(elements, roots, constant_one(elements)), np.random.default_rng(0)
    energies = [train.sweep(growth, rng) for growth in (0, 0, 1, 0, 0)]
    full = teneva.full(train.cores).ravel()
    assert energies[-1] == pytest.approx(full @ matrix @ full - 2.0 * load @ full + constant, rel=1e-9)
    assert np.all(np.diff(energies) < 1e-9 * energies[0])
    assert energies[-1] > constant - load @ np.linalg.solve(matrix, load)
    assert max(train.ranks) == 2


def test_norm_and_product_of_trains_are_those_of_full_tensors(small):
    elements, roots, _ = small
    weights = np.einsum("i,j,k->ijk", *(part.weights for part in elements))
    full = [teneva.full(cores) for cores in (roots.density, roots.set_a)]
    assert squared_norm(elements, roots.density) == pytest.approx(np.sum(weights * full[0] ** 2))
    both = product(roots.density, roots.set_a, 1e-12)
    np.testing.assert_allclose(teneva.full(both), full[0] * full[1], rtol=1e-9)


def test_a_calibrated_wall_stands_where_the_boundary_is():
    """The solution of q'' = kappa_0 e^{-2 a z} q that decays inside has the asymptote a z, without a shift."""
    sharpness, radius = 6.0, 0.8
    wall = Wall(lambda x: x[:, 0], np.array([-radius]), radius, 10.0)
    a = sharpness / radius
    assert wall.root(np.zeros((1, 1)), sharpness)[0] == pytest.approx(wall.height(sharpness), rel=1e-6)
    z, h = 0.5, 1e-4
    outside = [k0(wall.height(sharpness) / a * np.exp(-a * (z + s))) for s in (-h, 0.0, h)]
    assert outside[1] == pytest.approx(a * z, rel=1e-2)
    kappa = wall.height(sharpness) ** 2 * np.exp(-2 * a * z)
    assert (outside[0] - 2 * outside[1] + outside[2]) / h**2 == pytest.approx(kappa * outside[1], rel=1e-3)


def test_the_wall_about_a_ball_is_a_gaussian_whatever_multiplies_its_boundary_function():
    centre, radius = np.array([0.3, -0.2, 0.5, 1.0]), 0.7
    boundary = scrambled(lambda x: np.sum((x - centre) ** 2, axis=1) - radius**2, 4, 3, 1.0)
    wall = Wall(boundary, centre, radius, 20.0)
    x = centre + np.random.default_rng(0).normal(0.0, 0.6, (500, 4))
    expected = np.exp(3.0 * (1.0 - np.sum((x - centre) ** 2, axis=1) / radius**2)) * wall.height(6.0)
    np.testing.assert_allclose(wall.root(x, 6.0), expected, rtol=1e-6)


def test_the_wall_about_a_half_space_depends_on_one_coordinate():
    normal = random_rotation(4, 2)[:, 0]
    wall = Wall(scrambled(lambda x: x @ normal + 1.0, 4, 3, 1.0), -1.5 * normal, 0.5, 1e5)
    x = np.random.default_rng(0).normal(0.0, 1.0, (500, 4))
    along = np.maximum((x @ normal + 1.5) / 0.5, 0.0)
    np.testing.assert_allclose(wall.share(x), along, atol=1e-6)


def test_the_way_out_is_none_where_the_set_never_ends():
    found = way_out(lambda x: x[:, 0] - 1.0, np.zeros((2, 2)), np.array([[4.0, 0.0], [0.0, 4.0]]))
    assert found[0] == pytest.approx(0.25, abs=1e-9)
    assert np.isinf(found[1])
