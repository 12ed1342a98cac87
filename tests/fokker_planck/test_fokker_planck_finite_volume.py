"""Finite volumes: observed orders, positivity, conservation, Gibbs laws exact at the nodes."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from mfbench.solver import Context, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_fokker_planck.ring import build, judge
from mfbench_grid.blocks import stationary_law
from mfbench_grid.blocks.scharfetter_gummel import edge_works, edges, log_bernoulli, path_potential, prolonged
from mfbench_grid.blocks.tensor_grid import TensorGrid, resampled, spline
from mfbench_grid.fokker_planck_entry import FINITE_VOLUME, FiniteVolumeParameters
from mfbench_grid.fokker_planck_finite_volume import GAUSS_POINTS, confirmed, discrete_law, solve

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
OU = {  # B of b = -B x, that of fokker-planck/linear
    1: np.array([[1.0]]),
    2: np.array([[1.0, 0.5], [0.0, 1.0]]),
    3: np.array([[1.5, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.3, 1.0]]),
}


def problem_of(drift, dim, half_width, diffusion=0.5):
    return FokkerPlanckProblem(
        dim=dim,
        drift=lambda x, t: drift(x),
        diffusion=diffusion,
        start=np.zeros((1, dim)),
        box=np.array([[-half_width] * dim, [half_width] * dim]),
    )


def ornstein_uhlenbeck(dim):
    """The problem and its log-density; half the box of the catalogue in each direction but 1-D."""
    pull = OU[dim]
    covariance = solve_continuous_lyapunov(pull, np.eye(dim))
    precision = np.linalg.inv(covariance)

    def log_p(x):
        return -(np.einsum("ni,ij,nj->n", x, precision, x) + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2

    return problem_of(lambda x: -x @ pull.T, dim, 5.0), log_p


def law_on(problem, cells):
    grid = TensorGrid.over(problem.box, cells)
    works = edge_works(lambda x: problem.drift(x, 0.0), problem.diffusion, grid, GAUSS_POINTS)
    return discrete_law(grid, works, problem.diffusion, path_potential(works))


def errors(problem, log_p, points, **parameters):
    """Root mean square error in nats at draws from the law, for every grid that fits."""
    found = []
    for checkpoint in solve(problem, FiniteVolumeParameters(**parameters), CONTEXT):
        error = checkpoint.evaluate(checkpoint.state, points) - log_p
        found.append(math.sqrt(np.mean(error**2)))
    return np.array(found)


def observed_orders(found):
    return np.log2(found[:-1] / found[1:])


@pytest.mark.parametrize("w", [0.0, 1e-300, 1e-12, 1e-3, 0.5, 3.0, 30.0])
def test_bernoulli_is_exact_to_round_off(w):
    """Against w / (w + w^2 / 2 + w^3 / 6 + ...) in rational arithmetic, and B(-w) = B(w) + w."""
    exact, series, term = Fraction(w), Fraction(0), Fraction(1)
    for k in range(1, 30 + 5 * int(w)):
        term *= Fraction(1) if k == 1 else exact / k
        series += term  # (e^w - 1) / w
    truth = float(1 / series)
    up, down = log_bernoulli(np.array([w, -w]))
    assert up == pytest.approx(math.log(truth), rel=4e-16, abs=4e-16)
    assert down == pytest.approx(math.log(truth + w), rel=4e-16, abs=4e-16)


def test_bernoulli_of_huge_numbers():
    np.testing.assert_allclose(
        log_bernoulli(np.array([1e4, -1e4])), [math.log(1e4) - 1e4, math.log(1e4)], rtol=1e-15
    )


def test_the_ring_is_second_order_and_fourth_extrapolated():
    parameters = RingParameters(dim=2)
    problem, law = build(parameters, seed=3), judge(parameters, seed=3).law
    plain = errors(problem, law.log_p, law.x, max_nodes=129**2, extrapolate=False)
    np.testing.assert_allclose(observed_orders(plain)[1:], 2.0, atol=0.1)
    better = errors(problem, law.log_p, law.x, max_nodes=129**2)
    np.testing.assert_array_equal(better[:2], plain[:2])  # nothing to extrapolate from as yet
    np.testing.assert_allclose(observed_orders(better)[2:], 4.0, atol=0.25)
    assert better[-1] < 3e-6


@pytest.mark.parametrize(("dim", "cells", "most"), [(2, 16, 129**2), (3, 10, 41**3)])
def test_ornstein_uhlenbeck_is_second_order_and_extrapolation_helps(dim, cells, most):
    problem, log_p = ornstein_uhlenbeck(dim)
    covariance = solve_continuous_lyapunov(OU[dim], np.eye(dim))
    points = np.random.default_rng(1).multivariate_normal(np.zeros(dim), covariance, 2000)
    plain = errors(problem, log_p(points), points, cells=cells, max_nodes=most, extrapolate=False)
    np.testing.assert_allclose(observed_orders(plain), 2.0, atol=0.2)
    better = errors(problem, log_p(points), points, cells=cells, max_nodes=most)
    assert better[-1] < plain[-1] / 5


def test_ornstein_uhlenbeck_in_one_dimension_is_exact_at_once():
    problem, log_p = ornstein_uhlenbeck(1)
    points = np.random.default_rng(1).normal(0.0, math.sqrt(0.5), (2000, 1))
    found = errors(problem, log_p(points), points)
    assert np.all(found[1:] < 2e-11)  # of which 5e-12 is the mass outside the box
    assert len(found) < 8  # it stops by itself: nothing changes any more


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("diffusion", [0.5, 0.01])
def test_gibbs_laws_are_exact_at_the_nodes_of_any_grid(dim, diffusion):
    """b = -grad V with V of degree 6, not separable; at D = 0.01 the tails lie near e^-5000."""
    u = np.array([1.0, -0.5, 0.7])[:dim]

    def potential(x):
        return np.sum(x**4, axis=1) / 4 + np.cos(0.3) * (x @ u) ** 2 + (x @ u) ** 6 / 60

    def drift(x):
        along = (x @ u)[:, None]
        return -(x**3) - (2 * np.cos(0.3) * along + along**5 / 10) * u

    law = law_on(problem_of(drift, dim, 2.5, diffusion), cells=7)
    gibbs = -potential(law.grid.points()) / diffusion
    difference = law.log_p.ravel() - gibbs
    assert np.min(gibbs) < -19 / diffusion
    assert np.ptp(difference) < 1e-12 * np.max(np.abs(gibbs))


def test_two_wells_behind_a_barrier_of_a_hundred_keep_their_weights():
    """V = 25 (x^2 - 1)^2 + x / 4 + y^2 / 2, D = 1/4: no float64 matrix sees across e^-100."""

    def drift(x):
        return -np.stack([100 * x[:, 0] * (x[:, 0] ** 2 - 1) + 0.25, x[:, 1]], axis=1)

    law = law_on(problem_of(drift, 2, 1.5, 0.25), cells=30)
    x = law.grid.points()
    gibbs = -4 * (25 * (x[:, 0] ** 2 - 1) ** 2 + x[:, 0] / 4 + x[:, 1] ** 2 / 2)
    assert np.ptp(law.log_p.ravel() - gibbs) < 1e-10


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_prolongation_is_exact_for_gradient_drifts(dim):
    problem = problem_of(lambda x: -(x**3) - np.sum(x, axis=1, keepdims=True), dim, 2.0)

    def gibbs(grid):
        x = grid.points()
        return -2 * (np.sum(x**4, axis=1) / 4 + np.sum(x, axis=1) ** 2 / 2).reshape(grid.shape)

    coarse, fine = (TensorGrid.over(problem.box, cells) for cells in (5, 10))
    works = edge_works(lambda x: problem.drift(x, 0.0), problem.diffusion, fine, GAUSS_POINTS)
    np.testing.assert_allclose(prolonged(gibbs(coarse), works), gibbs(fine), atol=1e-12)


def test_circulation_cancels_in_the_path_potential():
    """Half the rotation b = (y, -x) and half of it against any order of axes: nothing is left."""
    turn = np.array([[0.0, 3.0, -1.0], [-3.0, 0.0, 2.0], [1.0, -2.0, 0.0]])
    problem = problem_of(lambda x: -x + x @ turn.T, 3, 1.0)
    grid = TensorGrid.over(problem.box, 6)
    works = edge_works(lambda x: problem.drift(x, 0.0), problem.diffusion, grid, GAUSS_POINTS)
    np.testing.assert_allclose(path_potential(works).ravel(), -np.sum(grid.points() ** 2, axis=1), atol=1e-12)


def test_a_gibbs_law_that_gauss_points_integrate_only_nearly():
    """For V = cos(3 x) + x^2 the eight Gauss orders show: halving h gains 2^8 until round-off."""
    problem = problem_of(lambda x: 3 * np.sin(3 * x) - 2 * x, 1, 3.0)
    spread = []
    for cells in (8, 16, 32):
        law = law_on(problem, cells)
        x = law.grid.points()
        spread.append(np.ptp(law.log_p + 2 * (np.cos(3 * x[:, 0]) + x[:, 0] ** 2)))
    np.testing.assert_allclose(observed_orders(np.array(spread)), 8.0, atol=0.5)


@pytest.mark.parametrize("dim", [2, 3])
def test_a_coarse_grid_under_strong_circulation_stays_positive_and_normalised(dim):
    """w up to 36 per edge: central differences would oscillate from 2 on."""
    turn = np.zeros((dim, dim))
    turn[0, 1], turn[1, 0] = 20.0, -20.0
    law = law_on(problem_of(lambda x: -x + x @ turn.T, dim, 2.0), cells=9)
    assert np.all(np.isfinite(law.log_p))
    p = np.exp(law.log_p)
    assert np.all(p > 0)
    assert np.sum(p * law.grid.volumes()) == pytest.approx(1.0, abs=1e-13)


def test_flows_balance_at_every_node():
    """Relative to what flows through the node, so that the tails count as much as the middle."""
    problem = build(RingParameters(dim=2), seed=1)
    law = law_on(problem, 24)
    works = edge_works(lambda x: problem.drift(x, 0.0), problem.diffusion, law.grid, GAUSS_POINTS)
    chain = edges(works, problem.diffusion, law.grid)
    p, n = np.exp(law.log_p).ravel(), law.log_p.size
    up, down = p[chain.low] * np.exp(chain.log_up), p[chain.high] * np.exp(chain.log_down)
    flow = up - down
    balance = np.bincount(chain.high, flow, n) - np.bincount(chain.low, flow, n)
    through = np.bincount(chain.low, up, n) + np.bincount(chain.high, down, n)
    assert np.max(np.abs(balance) / through) < 1e-13
    assert np.max(np.abs(flow)) > 1e-3  # a law with a current, not a Gibbs law


def test_the_box_is_full_of_cells():
    grid = TensorGrid.over(np.array([[-1.0, 0.0, 2.0], [1.0, 3.0, 2.5]]), 6)
    assert np.sum(grid.volumes()) == pytest.approx(3.0, rel=1e-14)


@pytest.mark.parametrize("dim", [2, 3])
def test_iterations_agree_with_elimination(dim, monkeypatch):
    pytest.importorskip("pyamg")
    problem = build(RingParameters(dim=dim), seed=1)
    cells = {2: 48, 3: 20}[dim]
    direct = law_on(problem, cells)
    monkeypatch.setitem(stationary_law.DIRECT_LIMIT, dim, 0)
    iterated = law_on(problem, cells)
    error = iterated.log_p - direct.log_p
    bulk = direct.log_p > np.max(direct.log_p) - 20
    assert np.max(np.abs(error[bulk])) < 1e-9
    assert not np.array_equal(iterated.log_p, direct.log_p)
    before = np.random.get_state()
    np.random.random()
    np.testing.assert_array_equal(law_on(problem, cells).log_p, iterated.log_p)  # whatever others drew
    np.random.set_state(before)
    law_on(problem, cells)
    assert np.array_equal(np.random.get_state()[1], before[1]) and np.random.get_state()[2] == before[2]


def test_grids_where_iterations_stall_are_left_out(monkeypatch):
    pytest.importorskip("pyamg")
    problem = build(RingParameters(dim=2), seed=1)
    monkeypatch.setitem(stationary_law.DIRECT_LIMIT, 2, 17**2)
    monkeypatch.setattr(stationary_law, "RESTARTS", 1)
    monkeypatch.setattr(stationary_law, "RESTART", 2)
    found = list(solve(problem, FiniteVolumeParameters(max_nodes=129**2), CONTEXT))
    assert [c.work["nodes"] for c in found] == [81, 81 + 289]


def test_a_first_grid_too_coarse_for_the_circulation_is_left_out():
    """w of 700 per edge: the node in the middle, where the guess is largest, lies e^-700 deep."""
    turn = np.array([[0.0, 400.0], [-400.0, 0.0]])
    problem = problem_of(lambda x: -x + x @ turn.T, 2, 2.0)
    assert law_on(problem, 9) is None
    found = list(solve(problem, FiniteVolumeParameters(cells=9, max_nodes=37**2), CONTEXT))
    assert all(np.all(np.isfinite(c.evaluate(c.state, np.zeros((1, 2))))) for c in found)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("last", "now", "verdict"),
    [(4.0, 1.0, True), (4.0, 0.8, True), (4.0, 2.5, False), (4.0, 0.5, False), (math.nan, 1.0, False)],
)
def test_extrapolation_waits_for_order_two(last, now, verdict):
    assert confirmed(last, now) is verdict


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_splines_reproduce_quintic_polynomials(dim):
    grid = TensorGrid.over(np.array([[-1.0] * dim, [2.0] * dim]), 7)
    u = np.array([1.0, -0.5, 0.3])[:dim]

    def polynomial(x):
        return (x @ u) ** 5 - np.prod(x, axis=1) ** 2 + 1

    values = polynomial(grid.points()).reshape(grid.shape)
    x = np.random.default_rng(0).uniform(-1, 2, (200, dim))
    np.testing.assert_allclose(spline(grid, values)(x), polynomial(x), atol=1e-10)
    finer = TensorGrid.over(np.array([[-1.0] * dim, [2.0] * dim]), 14)
    np.testing.assert_allclose(resampled(grid, values, finer).ravel(), polynomial(finer.points()), atol=1e-10)


def test_points_outside_the_box_take_the_value_at_the_wall():
    problem, _ = ornstein_uhlenbeck(2)
    checkpoint = next(solve(problem, FiniteVolumeParameters(), CONTEXT))
    inside, outside = checkpoint.evaluate(checkpoint.state, np.array([[5.0, 1.0], [50.0, 1.0]]))
    assert inside == outside


def test_checkpoints_stay_as_they_were_and_count_their_work():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += len(x)
        return -x @ OU[2].T

    problem = problem_of(counted, 2, 5.0)
    calls = 0
    x = np.random.default_rng(0).standard_normal((50, 2))
    kept = []
    for checkpoint in solve(problem, FiniteVolumeParameters(max_nodes=40**2), CONTEXT):
        assert checkpoint.work["evaluations"] == calls
        kept.append((checkpoint, checkpoint.evaluate(checkpoint.state, x)))
    for checkpoint, values in kept:
        np.testing.assert_array_equal(checkpoint.evaluate(checkpoint.state, x), values)
        assert checkpoint.evaluate is kept[0][0].evaluate


def test_the_reported_change_follows_the_error_of_the_grid_before():
    parameters = RingParameters(dim=2)
    problem, law = build(parameters, seed=0), judge(parameters, seed=0).law
    before = None
    for checkpoint in solve(problem, FiniteVolumeParameters(max_nodes=129**2), CONTEXT):
        error = checkpoint.evaluate(checkpoint.state, law.x) - law.log_p
        if before is not None:
            assert checkpoint.reports["change"] == pytest.approx(before, rel=0.25)
        before = math.sqrt(np.mean(error**2))


def test_four_dimensions_and_moving_laws_are_declined():
    stationary = frozenset({"stationary"})
    assert FINITE_VOLUME.supports(Facts(task="fokker-planck", dim=3, flags=stationary)) is None
    assert "d is 4" in FINITE_VOLUME.supports(Facts(task="fokker-planck", dim=4, flags=stationary))
    assert "stationary" in FINITE_VOLUME.supports(Facts(task="fokker-planck", dim=2))


def test_too_few_cells_are_refused():
    with pytest.raises(ValueError, match="cells is 4; expected >= 5"):
        FiniteVolumeParameters(cells=4)
