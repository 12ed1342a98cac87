"""Finite volumes in time: observed orders in space and time, conservation, exact stationary fluxes, what is declined."""

import math

import numpy as np
import pytest

from mfbench.record import Cell, Limits, Spec, Status
from mfbench.solver import Context, Diverged, Facts
from mfbench.tasks.transient import TransientProblem
from mfbench.trial import run_trial
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.gaussian import build, case_of, judge
from mfbench_fokker_planck.linear_law import Forcing, LinearLaw
from mfbench_grid.blocks.craig_sneyd import Stepper
from mfbench_grid.blocks.directional import operator
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.fokker_planck_transient import March, confirmed, first_steps, solve
from mfbench_grid.fokker_planck_transient_entry import (
    FINITE_VOLUME_IN_TIME,
    FiniteVolumeInTimeParameters,
)

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def linear_problem(law, times, half_width):
    """A problem whose law is a `LinearLaw` with constant noise of any kind."""
    dim = law.dim
    return TransientProblem(
        dim=dim,
        drift=lambda x, t: x @ law.matrix.T + law.forcing.at(t, x),
        amplitude=lambda x, t: np.broadcast_to(law.noise, (len(x), *law.noise.shape)),
        initial_log_density=lambda x: law.log_density(x, 0.0),
        initial_draw=lambda rng, n: law.draw(0.0, n, rng),
        horizon=times[-1],
        times=times,
        box=np.array([[-half_width] * dim, [half_width] * dim]),
    )


def sheared_noise():
    """D = [[.5, .3], [.3, .5]] with a drift that turns: mixed derivatives at work."""
    return LinearLaw(
        matrix=np.array([[-1.0, 0.5], [-0.5, -0.6]]),
        forcing=Forcing.of(2, constant=[0.2, 0.0]),
        noise=np.linalg.cholesky(np.array([[1.0, 0.6], [0.6, 1.0]])),
        mean=np.array([0.5, -0.5]),
        covariance=np.array([[0.5, 0.1], [0.1, 0.4]]),
    )


def errors(problem, law, cells, levels, extrapolate=False):
    """Root mean square in nats over draws at all times, grid after grid."""
    rng = np.random.default_rng(0)
    x = [law.draw(t, 2000, rng) for t in problem.times]
    looks = np.concatenate([np.c_[y, np.full(len(y), t)] for y, t in zip(x, problem.times, strict=True)])
    truth = np.concatenate([law.log_density(y, t) for y, t in zip(x, problem.times, strict=True)])
    most = (cells * 2 ** (levels - 1) + 1) ** problem.dim
    parameters = FiniteVolumeInTimeParameters(cells=cells, max_nodes=most, extrapolate=extrapolate)
    found, last = [], None
    for checkpoint in solve(problem, parameters, CONTEXT):
        if last is None or checkpoint.state is not last.state:
            found.append(math.sqrt(np.mean((checkpoint.evaluate(checkpoint.state, looks) - truth) ** 2)))
            last = checkpoint
    return np.array(found)


CASES = {
    "unstable": (lambda: published("unstable", 1), 256, 4),
    "relaxation": (lambda: published("relaxation", 2), 32, 3),
    "moving-trap": (lambda: published("moving-trap", 2), 48, 3),
    "mixed": (lambda: (linear_problem(sheared_noise(), (0.3, 1.0), 6.0), sheared_noise()), 64, 3),
    "degenerate": (lambda: published("kinetic", 2), 48, 3),
}


def published(case, dim):
    parameters = GaussianParameters(case=case, dim=dim)
    return build(parameters, 3), case_of(parameters, 3).law


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "moving-trap" else n for n in CASES]
)
def test_the_order_is_two(name):
    """Joint refinement of h and dt; the last pair of grids."""
    make, cells, levels = CASES[name]
    found = errors(*make(), cells, levels)
    assert 1.8 < math.log2(found[-2] / found[-1]) < 2.4, found


def test_extrapolation_raises_the_order_to_four():
    found = errors(*published("relaxation", 1), 16, 6, extrapolate=True)
    assert 3.5 < math.log2(found[-2] / found[-1]) < 4.5, found
    assert found[-1] < 1e-5


def test_three_dimensions():
    found = errors(*published("heat", 3), 12, 3)
    assert math.log2(found[-2] / found[-1]) > 1.7, found


@pytest.mark.parametrize("drift", [lambda x: -x - x**3, lambda x: 0.5 - x])
def test_a_stationary_flux_of_noise_that_depends_on_the_place_is_exact(drift):
    """u = D p obeys u_hi / u_lo = e^w along every edge: F p = 0 at the nodes, whatever the spacing."""
    grid = TensorGrid.over(np.array([[-3.0], [3.0]]), 12)

    def noise(x):
        return (1.0 + 0.3 * x**2)[:, :, None]

    line = operator(grid, drift, noise, order=8)
    x = grid.points()[:, 0]
    # log u is the integral of b / D, by a fine rule.
    points, weights = np.polynomial.legendre.leggauss(40)
    ends = x[:-1, None] + 0.25 * (points + 1)
    steps = (drift(ends) / (1 + 0.3 * ends**2)) @ weights * 0.25
    p = np.exp(np.r_[0.0, np.cumsum(steps)]) / (1 + 0.3 * x**2)
    rates = np.abs(line.lines[0].up * p[:-1] / line.lines[0].lengths[:-1])
    assert np.max(np.abs(line.along(0, p))) < 1e-12 * np.max(rates)


def test_nothing_is_lost_or_made():
    """The total of the cells to round-off, with mixed derivatives and a wall that cuts the law."""
    law = sheared_noise()
    problem = linear_problem(law, (1.0,), 1.0)
    grid = TensorGrid.over(problem.box, 16)
    whole = operator(
        grid, lambda x: problem.drift(x, 0.0), lambda x: np.asarray(problem.diffusion_matrix(x, 0.0)), 4
    )
    p = np.random.default_rng(0).random(grid.shape)
    volumes = grid.volumes()
    scale = np.sum(np.abs(whole.along(0, p)) * volumes)
    for part in (whole.along(0, p), whole.along(1, p), whole.across(p)):
        assert abs(np.sum(part * volumes)) < 1e-13 * scale
    later = Stepper.between(whole, whole, 0.05).step(p)
    assert np.sum(later * volumes) == pytest.approx(np.sum(p * volumes), rel=1e-13)


def test_implicit_lines_solve_their_equations():
    grid = TensorGrid.over(np.array([[-1.0, -1.0], [2.0, 1.0]]), (10, 7))
    whole = operator(grid, lambda x: np.sin(3 * x), 0.4, 2)
    p = np.random.default_rng(1).standard_normal(grid.shape)
    for axis in range(2):
        moved = np.moveaxis(p, axis, 0)
        y = whole.lines[axis].implicit(0.7).solve(moved)
        np.testing.assert_allclose(y - 0.7 * whole.lines[axis].apply(y), moved, atol=1e-12)
        # An M-matrix: its inverse has no negative element.
        assert np.all(whole.lines[axis].implicit(0.7).solve(np.abs(moved)) >= 0)


def test_equal_equations_are_assembled_once_and_moving_ones_at_every_step():
    for case, moving in (("relaxation", False), ("moving-trap", True)):
        problem = build(GaussianParameters(case=case), 1)
        grid = TensorGrid.over(problem.box, 16)
        counts = []
        for steps in (4, 8):
            march = March(problem)
            list(march.over(grid, [steps] * 3))
            counts.append(march.evaluations)
        assert (counts[0] < counts[1]) == moving


def test_work_is_what_was_evaluated():
    calls = 0
    problem = build(GaussianParameters(case="moving-trap"), 1)

    def counted(x, t):
        nonlocal calls
        calls += len(x)
        return problem.drift(x, t)

    march = March(
        TransientProblem(
            **{
                name: getattr(problem, name)
                for name in (
                    *("dim", "diffusion", "initial_log_density", "initial_draw", "horizon", "times", "box"),
                )
            },
            drift=counted,
        )
    )
    calls = 0
    list(march.over(TensorGrid.over(problem.box, 12), [3, 3, 3]))
    assert march.evaluations == calls > 0


def test_steps_follow_the_drift():
    slow = first_steps(build(GaussianParameters(case="heat"), 0), 16, 1.0)
    assert slow == [2, 2, 5]
    few, many = (
        sum(first_steps(build(GaussianParameters(case="moving-trap"), 0), cells, 1.0)) for cells in (16, 64)
    )
    assert 3.5 < many / few < 4.5


def test_orders_are_confirmed_by_two_corrections():
    assert confirmed(4.0, 1.0)
    assert not confirmed(2.0, 1.0)
    assert not confirmed(math.nan, 1.0)


def test_a_density_that_explodes_is_given_up():
    """Drift up to 1e9 across a cell without noise along it: the central flux is no good there."""
    one = build(GaussianParameters(case="oscillator"), 0)
    problem = TransientProblem(
        **{
            name: getattr(one, name)
            for name in ("dim", "amplitude", "initial_log_density", "initial_draw", "horizon", "times", "box")
        },
        drift=lambda x, t: 1e9 * np.cos(40.0 * x[:, ::-1] * x),
    )
    parameters = FiniteVolumeInTimeParameters(cells=8, max_nodes=300, courant=1e9)
    with pytest.raises(Diverged, match="no grid up to 16 cells"), np.errstate(all="ignore"):
        list(solve(problem, parameters, CONTEXT))


def test_what_is_declined():
    supports = FINITE_VOLUME_IN_TIME.supports
    assert "at most 3" in supports(Facts(task="fokker-planck", dim=4, flags=frozenset({"transient"})))
    assert "in time only" in supports(Facts(task="fokker-planck", dim=2, flags=frozenset({"stationary"})))
    assert supports(Facts(task="fokker-planck", dim=2, flags=frozenset({"transient"}))) is None


def test_through_a_trial():
    cell = Cell(
        task="fokker-planck", problem="fokker-planck/gaussian", problem_parameters={"case": "relaxation", "dim": 1},
        solver="finite-volume-in-time", solver_parameters={"max_nodes": 300}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="grid", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.error < 1e-3
    assert record.metrics["relative_l1"].value < 1e-3
    assert judge(GaussianParameters(case="relaxation", dim=1), 0).floor < record.error
