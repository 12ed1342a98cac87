"""The mean-field network on the variational form of a stationary law: its minimum, its gain, its bookkeeping."""

from itertools import islice

import numpy as np
import pytest
import scipy.linalg

from mfbench import Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_jax.particle_density import UPDATES, solve
from mfbench_jax.particle_density_entry import MeanFieldDensity

SMALL = MeanFieldDensity(particles=64, walkers=512, burn_in=300)
PULL = np.array([[1.5, 1.2], [0.0, 1.0]])


def checkpoints(problem, number, seed=0):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return list(islice(solve(problem, SMALL, context), number))


def values(checkpoint, x):
    return np.asarray(checkpoint.evaluate(checkpoint.state, x))


def problem_of(drift):
    return FokkerPlanckProblem(
        dim=2,
        drift=drift,
        diffusion=0.5,
        start=np.array([[0.9, 0.0], [-0.9, 0.0]]),
        box=np.array([[-4.0, -4.0], [4.0, 4.0]]),
    )


def double_well():
    """b = -grad V, V = (x^2 - 1)^2 + y^2, D = 1/2: p ~ exp(-2 V)."""

    def drift(x, t):
        return -4.0 * (x**2 - 1.0) * x * np.array([1.0, 0.0]) - 2.0 * x * np.array([0.0, 1.0])

    return problem_of(drift)


def exact_double_well(x):
    nodes = np.linspace(-4.0, 4.0, 4001)
    z = np.sum(np.exp(-2.0 * (nodes**2 - 1.0) ** 2)) * (nodes[1] - nodes[0]) * np.sqrt(np.pi / 2.0)
    return -2.0 * ((x[:, 0] ** 2 - 1.0) ** 2 + x[:, 1] ** 2) - np.log(z)


@pytest.fixture(scope="module")
def run():
    # Of six seeds the misfit falls by 2.2 to 3.4 times; that of this one by 3.4, whatever code the compiler makes.
    return checkpoints(double_well(), 17, seed=2)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(2)
    places = rng.uniform(-1.8, 1.8, (20_000, 2))
    return places[np.log(rng.random(20_000)) < exact_double_well(places) - 0.1][:1000]


def test_it_gains_on_the_gaussian_that_it_starts_from(run, x):
    errors = [float(np.std(values(one, x) - exact_double_well(x))) for one in (run[0], run[-1])]
    assert errors[0] > 0.4
    assert errors[1] < 0.7 * errors[0]
    assert run[-1].reports["misfit"] < 0.5 * run[1].reports["misfit"]


def test_answers_are_normalised(run):
    side = np.linspace(-4.0, 4.0, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    for one in (run[0], run[-1]):
        mass = np.sum(np.exp(values(one, grid))) * (side[1] - side[0]) ** 2
        assert abs(np.log(mass)) < 5.0 * one.reports["log_z_error"] + 1e-3


def test_the_least_misfit_is_the_current_s():
    """Linear drift -B x, law N(0, W): L at log p is tr(J W J^T) / tr(B W B^T), J = D W^-1 - B.

    The law lies in what the first answer can be, up to the 512 walkers' covariance; L over 25 batches of them scatters by
    some 3 %.
    """
    problem = problem_of(lambda x, t: -(x @ PULL.T))
    covariance = scipy.linalg.solve_continuous_lyapunov(PULL, np.eye(2))
    current = 0.5 * np.linalg.inv(covariance) - PULL
    least = np.trace(current @ covariance @ current.T) / np.trace(PULL @ covariance @ PULL.T)
    assert least > 0.05
    last = checkpoints(problem, 5)[-1]
    assert last.reports["misfit"] == pytest.approx(least, rel=0.15)


def test_reports_and_work(run):
    work = [one.work["evaluations"] for one in run]
    assert np.all(np.diff(work) == UPDATES * SMALL.walkers * (SMALL.moves + 1))
    assert [one.reports["particle_time"] for one in run] == [
        SMALL.step * UPDATES * k for k in range(len(run))
    ]
    assert len({one.evaluate for one in run}) == 1


def test_one_seed_one_run(run, x):
    again = checkpoints(double_well(), 2, seed=2)[-1]
    np.testing.assert_array_equal(values(again, x), values(run[1], x))


def test_parameters_are_validated():
    with pytest.raises(ValueError, match="walkers is 1"):
        MeanFieldDensity(walkers=1)
    with pytest.raises(ValueError, match="step is 0"):
        MeanFieldDensity(step=0.0)
