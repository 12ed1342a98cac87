"""The finite elements against exact committors between two discs: values, energy, orders, small q."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")

from mfbench_committor import double_well_balls, mueller
from mfbench_committor.entries.double_well_balls import DoubleWellBallsParameters
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.references.finite_elements import solve
from mfbench_committor.references.ladder import climb


@pytest.fixture(scope="module")
def points(bipolar):
    """(n, 2) points between the discs where the density is within e^-20 of its maximum, and their q."""
    rng = np.random.default_rng(1)
    u = rng.uniform([-2.0, -1.0], [2.0, 1.0], (40_000, 2))
    w = bipolar.log_weight(u.T)
    u = u[(np.abs(bipolar.tau(u.T)) < bipolar.edge) & (w > -20.0)]
    assert len(u) > 1000
    return u, bipolar.committor(u.T), np.exp(bipolar.log_weight(u.T))


@pytest.mark.parametrize(("degree", "spacing"), [(2, 0.1), (4, 0.2)])
def test_observed_orders(bipolar, points, degree, spacing):
    """L2(mu): k + 1. Energy: 2 k. Grids h, h/2, h/4; the windows allow for a half order."""
    u, exact, weight = points
    errors, energies = [], []
    for halvings in range(3):
        field = solve(bipolar.law, spacing, halvings, degree)
        errors.append(np.sqrt(np.average((field.committor(u) - exact) ** 2, weights=weight)))
        energies.append(abs(field.dirichlet * np.exp(field.log_mass) / bipolar.energy - 1))
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[-1] == pytest.approx(degree + 1, abs=0.5), errors
    assert np.log2(energies[-2] / energies[-1]) > 2 * degree - 0.7, energies
    assert errors[-1] < {2: 2e-5, 4: 1e-6}[degree]


def test_the_energy_of_a_ritz_solution_is_too_large(bipolar):
    """D[f] >= D[q] for every admissible f, up to quadrature; on a coarse grid the excess is visible."""
    field = solve(bipolar.law, 0.2, 0, 2)
    assert field.dirichlet * np.exp(field.log_mass) > bipolar.energy * (1 + 1e-6)


def test_the_rate_is_the_same_when_the_circulation_turns_round():
    """cap(A, B) of a diffusion is that of its reversal; with circulation it is larger (Dirichlet's principle)."""
    still = mueller.planar_problem(MuellerParameters())
    rates = {}
    for circulation in (-2.0, 0.0, 2.0):
        field = solve(replace(still.law, circulation=circulation), still.spacing, 0)
        rates[circulation] = field.dirichlet
    assert rates[2.0] == pytest.approx(rates[-2.0], rel=1e-9)
    assert rates[2.0] > 1.5 * rates[0.0]


def test_small_values_keep_their_digits(bipolar, points):
    """Next to A, q is a ten-thousandth and less; next to B so is 1 - q. Both hold relatively."""
    u, exact, _ = points
    field = solve(bipolar.law, 0.2, 2)
    q, p = field.committor(u), field.complement(u)
    small = exact < 1e-4
    assert np.count_nonzero(small) > 100
    np.testing.assert_allclose(q[small], exact[small], rtol=2e-3)
    mirrored = bipolar.committor(u.T * [[-1], [1]])
    small = mirrored < 1e-4
    np.testing.assert_allclose(p[small], mirrored[small], rtol=2e-3)
    np.testing.assert_allclose(q + p, 1.0, atol=1e-10)


def test_gradients_are_those_of_the_values(bipolar, points):
    u, step = points[0][:300], 1e-5
    field = solve(bipolar.law, 0.2, 1)
    difference = [
        (field.committor(u + shift) - field.committor(u - shift)) / (2 * step)
        for shift in ([step, 0.0], [0.0, step])
    ]
    squares = difference[0] ** 2 + difference[1] ** 2
    close = np.isclose(field.squared_gradient(u), squares, rtol=1e-4, atol=1e-9)
    assert np.mean(close) > 0.99, "a difference may straddle an edge, where the gradient jumps"


def test_in_the_sets_and_off_the_grid(bipolar):
    field = solve(bipolar.law, 0.2, 0)
    (a, b), far = bipolar.law.box.centres, (0.0, 1.9)
    u = np.array([a, b, far])
    np.testing.assert_array_equal(field.committor(u), [0.0, 1.0, 0.5])
    np.testing.assert_array_equal(field.complement(u), [1.0, 0.0, 0.5])
    np.testing.assert_array_equal(field.squared_gradient(u), 0.0)
    np.testing.assert_array_equal(field.covers(u), [True, True, False])


def test_masses_of_the_discs_are_shares(bipolar):
    """Of a symmetric law: equal, and rhoA is 1/2."""
    field = solve(bipolar.law, 0.2, 1)
    assert field.mass_a == pytest.approx(field.mass_b, rel=1e-12)
    assert field.mean_p == pytest.approx(0.5, abs=1e-8)
    assert 0 < field.mean_qp < 0.25 * (1 - field.mass_a - field.mass_b)


def test_sets_too_small_to_be_felt_are_refused():
    """3e-17 of mu: the matrix is singular to round-off, and q plus 1 - q is off by a tenth."""
    parameters = DoubleWellBallsParameters(dim=20, temperature=0.3, radius=0.3)
    with pytest.raises(ValueError, match=r"add up to 1 only within .* enlarge the sets"):
        climb(double_well_balls.planar_problem(parameters))
