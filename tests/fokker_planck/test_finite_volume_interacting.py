"""Finite volumes under the law's own force: branches, laws that a plain fixed point misses, the torus, what is declined."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench import Facts
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.registry import load_registry
from mfbench.solver import Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.judging import Answers
from mfbench.trial import run_trial
from mfbench_fokker_planck import desai_zwanzig, kuramoto
from mfbench_fokker_planck.entries.desai_zwanzig import DesaiZwanzigParameters
from mfbench_fokker_planck.entries.kuramoto import KuramotoParameters
from mfbench_grid.blocks.coupling import pairs
from mfbench_grid.blocks.relaxation import Relaxation
from mfbench_grid.blocks.scharfetter_gummel import edge_works
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.fokker_planck_entry import FiniteVolumeParameters
from mfbench_grid.fokker_planck_finite_volume import GAUSS_POINTS, interacting_law, solve

CONTEXT = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def last(problem, **parameters):
    *_, checkpoint = solve(problem, FiniteVolumeParameters(**parameters), CONTEXT)
    return checkpoint


def relaxed(g, start, steps=60):
    relaxation, u = Relaxation(), np.array([start])
    seen = [start]
    for _ in range(steps):
        u = u + relaxation.step(g(u) - u)
        seen.append(float(u[0]))
    return np.array(seen)


def test_relaxation_stays_on_the_branch_of_its_start():
    """g = tanh(2 u): 0 repels. From either side of it, however near, the root on that side, from above without crossing."""
    root = 0.9575040240772688
    for start in (1e-6, 0.3, 3.0):
        for side in (1.0, -1.0):
            seen = relaxed(lambda u: np.tanh(2 * u), side * start)
            assert seen[-1] == pytest.approx(side * root, abs=1e-14)
            assert np.all(side * seen > 0)


def test_relaxation_finds_what_a_plain_iteration_jumps_away_from():
    """g = 4 - 3 u, slope -3, in two steps; and two such modes at once."""
    assert relaxed(lambda u: 4 - 3 * u, 5.0, steps=2)[-1] == pytest.approx(1.0, abs=1e-14)
    slopes, u, relaxation = np.array([-3.0, 0.6]), np.array([1.0, -2.0]), Relaxation()
    for _ in range(60):
        u = u + relaxation.step(slopes * u - u)
    assert np.max(np.abs(u)) < 1e-12


@pytest.mark.parametrize(
    ("module", "parameters", "seed"),
    [
        (desai_zwanzig, DesaiZwanzigParameters(beta=2.0), 0),
        (desai_zwanzig, DesaiZwanzigParameters(beta=2.25), 0),
        (desai_zwanzig, DesaiZwanzigParameters(beta=4.0), 0),
        (desai_zwanzig, DesaiZwanzigParameters(beta=4.0), 1),  # the other side
        (desai_zwanzig, DesaiZwanzigParameters(beta=10.0), 0),
        (desai_zwanzig, DesaiZwanzigParameters(strength=0.5, beta=4.5), 0),
        (kuramoto, KuramotoParameters(ratio=1.0), 0),
        (kuramoto, KuramotoParameters(ratio=2.2), 0),
        (kuramoto, KuramotoParameters(ratio=6.0), 1),
    ],
)
def test_both_sides_of_the_transitions(module, parameters, seed):
    """On the branch of the start, for either side and phase; near the transition, too."""
    problem, judge = module.build(parameters, seed), module.judge(parameters, seed)
    answer = last(problem)
    found = [answer.evaluate(answer.state, x) for x in (judge.inquiry.looks, judge.inquiry.finals)]
    scores = judge.metrics(Answers(looks=found[0], finals=found[1]))
    assert scores["log_density_rms"].value < 1e-10
    assert scores["relative_l1"].value < 1e-10
    assert scores["order_parameter"].value < 1e-10


def interacting(drift, interaction, start, half_width, diffusion=0.5, **changes):
    dim = start.shape[1]
    return FokkerPlanckProblem(
        dim=dim,
        drift=lambda x, t: drift(x),
        diffusion=diffusion,
        start=start,
        box=np.array([[-half_width] * dim, [half_width] * dim]),
        interaction=interaction,
        **changes,
    )


def test_repulsion_stronger_than_half_the_trap():
    """b = -x, F = .75 (x - y): N(0, D / .25). The plain iteration has slope -3 along the mean, and would explode."""
    problem = interacting(lambda x: -x, lambda x, y: 0.75 * (x - y), np.full((1, 1), 0.7), 11.0, 0.5)
    answer = last(problem)
    x = np.linspace(-6, 6, 50)[:, None]
    truth = -(x[:, 0] ** 2) / 4 - 0.5 * math.log(4 * math.pi)
    np.testing.assert_allclose(answer.evaluate(answer.state, x), truth, atol=1e-9)


def test_a_turning_plane_is_second_order():
    """b = -x + 2 J x, F = -(y's distance): N(0, D / 2) in two dimensions, where no potential gives the answer away."""
    turn = np.array([[0.0, 2.0], [-2.0, 0.0]])
    problem = interacting(
        lambda x: -x + x @ turn, lambda x, y: y - x, np.array([[1.0, 0.5], [0.2, 0.0]]), 3.5
    )
    x = np.random.default_rng(0).normal(0.0, 0.5, (500, 2))
    truth = -2 * np.sum(x**2, axis=1) - math.log(math.pi / 2)
    errors = []
    for checkpoint in solve(
        problem, FiniteVolumeParameters(cells=12, max_nodes=49**2, extrapolate=False), CONTEXT
    ):
        errors.append(math.sqrt(np.mean((checkpoint.evaluate(checkpoint.state, x) - truth) ** 2)))
    assert len(errors) == 3
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.15)
    assert errors[0] / errors[2] > 10


def test_a_force_of_many_modes_against_a_slow_damped_iteration():
    """Attraction of short range, in wells of unlike depth; the loop moves a fifth of the way each time."""
    noise = 0.3

    def force(x, y):
        return -4.0 * (x - y) * np.exp(-((x - y) ** 2) / 0.32)

    def trap(x):
        return x - x**3 + 0.1

    problem = interacting(trap, force, np.array([[-1.0], [0.9], [1.1]]), 3.0, noise)
    grid = TensorGrid.over(problem.box, 64)
    x, volumes = grid.axes[0], grid.volumes()
    point, weight = np.polynomial.legendre.leggauss(GAUSS_POINTS)
    along = x[:-1, None] + (point + 1) / 2 * (x[1] - x[0])
    pull = force(along[:, :, None], x) * weight[:, None] * (x[1] - x[0]) / 2 / noise
    edges = np.sum(pull, axis=1)
    field, p = np.zeros(65), np.full(65, 1.0 / 6.0)
    for _ in range(400):
        field = field + 0.2 * (np.r_[0.0, np.cumsum(edges @ (p * volumes))] - field)
        p = np.exp((x**2 / 2 - x**4 / 4 + 0.1 * x) / noise + field)
        p /= np.sum(p * volumes)
    works = edge_works(trap, noise, grid, GAUSS_POINTS)
    law, spent = interacting_law(problem, grid, works)
    assert spent == GAUSS_POINTS * 64 * (65 + 3)
    assert np.sum(p * volumes * x) > 0.1
    assert np.max(np.abs(field)) > 1.0  # the force is no small correction
    np.testing.assert_allclose(law.log_p, np.log(p), atol=1e-8)


def test_a_steady_torque_on_the_circle():
    """b = 1 + sin x, a law with a current: p = int_0^2pi e^((U(x + s) - U(x)) / D) ds / Z, U = -x + cos x."""
    problem = interacting(lambda x: 1.0 + np.sin(x), None, np.zeros((1, 1)), math.pi, 0.5, periodic=True)

    def unnormalised(x):
        return quad(
            lambda s: math.exp(2 * (-s + math.cos(x + s) - math.cos(x))), 0, 2 * math.pi, epsabs=1e-13
        )[0]

    x = np.linspace(-math.pi, math.pi, 41)[:-1]
    p = np.array([unnormalised(s) for s in x])
    truth = np.log(p / (np.mean(p) * 2 * math.pi))
    for extrapolate, order in ((False, 2.0), (True, 4.0)):
        errors = []
        for checkpoint in solve(
            problem, FiniteVolumeParameters(max_nodes=130, extrapolate=extrapolate), CONTEXT
        ):
            found = checkpoint.evaluate(checkpoint.state, x[:, None] + 2 * math.pi)  # one period on
            errors.append(math.sqrt(np.mean((found - truth) ** 2)))
        orders = np.log2(np.array(errors[:-1]) / errors[1:])
        np.testing.assert_allclose(orders[-2:], order, atol=0.3)
    ends = checkpoint.evaluate(checkpoint.state, np.array([[-math.pi], [math.pi - 1e-12]]))
    assert np.ptp(ends) < 1e-10


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_joined_walls(dim):
    """Every node of an upper wall is the one across; as many are left as there are cells."""
    grid = TensorGrid(tuple(np.linspace(0.0, 1.0, n) for n in (4, 6, 5)[:dim]))
    joined, x = grid.joined(), grid.points()
    np.testing.assert_array_equal(x[joined], np.where(x == 1.0, 0.0, x))
    assert len(np.unique(joined)) == math.prod(n - 1 for n in grid.shape)


def test_no_grid_has_more_pairs_than_allowed():
    problem = desai_zwanzig.build(DesaiZwanzigParameters(), 0)
    assert pairs(TensorGrid.over(problem.box, 16)) == 16 * 17
    found = list(solve(problem, FiniteVolumeParameters(max_pairs=16 * 17), CONTEXT))
    assert [checkpoint.work["nodes"] for checkpoint in found] == [9, 26]
    assert found[-1].work["pairs"] == 4 * (8 * 9 + 16 * 17 + (8 + 16) * 32)


KNOWN = {
    "finite-volume",
    "gaussian-closure",
    "line-integral",
    "particles",
    "particles-at-rest",
    "probability-flow",
}
"""Solvers that take a law's own force: each has a test of it."""


def test_every_other_solver_declines_interacting_problems_by_flag():
    for kind in ("stationary", "transient"):
        plain, facts = (
            Facts(task="fokker-planck", dim=1, flags=frozenset({kind, "gradient", *more}))
            for more in ((), ("interacting",))
        )
        for (task, name), entry in load_registry().solvers.items():
            if task == "fokker-planck" and entry.supports(plain) is None:
                said = entry.supports(facts)
                assert said is None if name in KNOWN else "interacting" in (said or ""), (name, said)


def test_through_a_trial():
    cell = Cell(
        task="fokker-planck", problem="fokker-planck/desai-zwanzig", problem_parameters={"strength": 1.0, "beta": 4.0},
        solver="finite-volume", solver_parameters={}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="mean-field", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.metrics["order_parameter"].value < 1e-3
    assert record.metrics["relative_l1"].value < 1e-3
    assert record.error < 1e-9
