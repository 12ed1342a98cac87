"""Walkers against exact laws: weak order 1, the sampling rate, symmetry, the choice of a mixture, and failures."""

import math
from itertools import islice

import numpy as np
import pytest

from mfbench import Context, Diverged
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.tasks.transient import TransientProblem
from mfbench.trial import run_trial
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.gaussian import build, judge
from mfbench_jax.blocks.ensemble import Ensemble
from mfbench_jax.blocks.gaussian_mixture import log_density
from mfbench_jax.blocks.mixture_choice import Choice, exchangeable_gaussian
from mfbench_jax.particles import solve
from mfbench_jax.particles_entry import PARTICLES, ParticlesParameters


@pytest.fixture(autouse=True)
def double_precision():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        yield


def checkpoints(problem, number, seed=0, **parameters):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return list(islice(solve(problem, ParticlesParameters(**parameters), context), number))


def linear(rate, diffusion=0.5, times=(1.0,)):
    """dX = -rate X dt + sqrt(2 D) dW from N(0, 4)."""
    return TransientProblem(
        dim=1,
        drift=lambda x, t: -rate * x,
        diffusion=diffusion,
        initial_log_density=lambda x: -(x[:, 0] ** 2) / 8 - 0.5 * math.log(8 * math.pi),
        initial_draw=lambda rng, n: 2.0 * rng.standard_normal((n, 1)),
        horizon=times[-1],
        times=times,
        box=np.array([[-20.0], [20.0]]),
    )


@pytest.mark.parametrize("share", [0.05, 0.02])
def test_the_variance_is_that_of_the_scheme(share):
    """Of Euler-Maruyama v <- (1 - h)^2 v + 2 D h, to 4 sigma; the bias of order h is there, and no other."""
    rate, until = 20.0, 0.1
    ensemble = Ensemble(linear(rate, times=(until,)), share, 10_000, np.random.default_rng(0))
    h, n = ensemble.step, 200_000
    assert share / 2 < h * rate <= share
    x = ensemble.run(n)[0][:, 0]
    variance = 4.0
    for _ in range(round(until / h)):
        variance = (1 - rate * h) ** 2 * variance + h
    assert abs(np.mean(x**2) / variance - 1) < 4 * math.sqrt(2 / n)
    truth = 1 / (2 * rate) + (4 - 1 / (2 * rate)) * math.exp(-2 * rate * until)
    assert abs(variance - truth) > 4 * truth * math.sqrt(2 / n)


def test_the_step_follows_the_stiffness():
    steps = [Ensemble(linear(rate), 0.1, 10_000, np.random.default_rng(0)).step for rate in (1.0, 50.0)]
    assert steps[0] == 1 / 64
    assert steps[1] == pytest.approx(0.1 / 50, rel=0.01)


def test_noise_that_depends_on_the_place_is_itos():
    """dX = X dW from N(1, small): E X^2 = e^t, where Stratonovich would give e^2t; 4 sigma, Var X^2 = e^6t - e^2t."""
    one = linear(1.0)
    problem = TransientProblem(
        dim=1,
        drift=lambda x, t: 0.0 * x,
        amplitude=lambda x, t: x[:, :, None],
        initial_log_density=one.initial_log_density,
        initial_draw=lambda rng, n: np.ones((n, 1)),
        horizon=0.5,
        times=(0.5,),
        box=one.box,
    )
    n = 100_000
    x = Ensemble(problem, 1.0, 10_000, np.random.default_rng(2)).run(n)[0]
    spread = math.sqrt((math.exp(3) - math.exp(1)) / n)
    assert abs(np.mean(x**2) - math.exp(0.5)) < 4 * spread + math.exp(0.5) / 128  # and the step's bias


def test_the_error_falls_with_the_number_of_walkers():
    """By less than 1 / sqrt(n) once the time step's bias shows; a factor 8 of walkers gains at least 2 in the median."""
    parameters = GaussianParameters(case="relaxation", dim=2)
    problem, found = build(parameters, 1), judge(parameters, 1)
    gains = []
    for seed in range(5):
        seen = checkpoints(problem, 8, seed, walkers=500, components=1, step_share=0.005)
        first, last = (
            found.headline(c.evaluate(c.state, found.inquiry.looks)).value for c in (seen[0], seen[-1])
        )
        gains.append(first / last)
    assert np.median(gains) > 2


def test_particles_that_are_exchangeable_are_averaged_over():
    """N = 10 particles in the plane: the symmetric Gaussian errs less than a full covariance, and is chosen."""
    parameters = GaussianParameters(case="interacting-trap", dim=20)
    problem, found = build(parameters, 0), judge(parameters, 0)
    last = checkpoints(problem, 2, walkers=1000)[-1]
    law = found.laws[-1]
    covariance = last.state.mixtures[-1].factors[0] @ last.state.mixtures[-1].factors[0].T
    swapped = np.roll(np.arange(20), 2)
    np.testing.assert_allclose(covariance, covariance[np.ix_(swapped, swapped)], atol=1e-12)
    full = 20 * math.sqrt(1 / 2000)  # a full covariance of n draws errs by d / sqrt(2 n) nats and more
    error = last.evaluate(last.state, found.inquiry.looks[-2000:]) - law.log_p[-2000:]
    assert math.sqrt(np.mean(error**2)) < full / 2


def test_the_exchangeable_gaussian_has_the_moments_of_the_symmetrised_sample():
    """Against the mean over all permutations of N = 3 particles, by brute force."""
    from itertools import permutations

    rng = np.random.default_rng(3)
    x = rng.standard_normal((50, 6)) @ rng.standard_normal((6, 6))
    everyone = np.concatenate(
        [x.reshape(50, 3, 2)[:, list(order)].reshape(50, 6) for order in permutations(range(3))]
    )
    found = exchangeable_gaussian(x, (3, 2))
    np.testing.assert_allclose(found.means[0], everyone.mean(0), atol=1e-12)
    np.testing.assert_allclose(
        found.factors[0] @ found.factors[0].T, np.cov(everyone.T, bias=True), atol=1e-12
    )


def test_two_humps_get_two_gaussians_and_one_gets_one():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4000, 2))
    humps = x + 6.0 * np.array([1.0, 0.0]) * rng.integers(0, 2, (4000, 1))
    choice = Choice(8, None, rng)
    found = choice.best(humps)
    truth = np.logaddexp(-0.5 * np.sum(humps**2, 1), -0.5 * np.sum((humps - [6.0, 0.0]) ** 2, 1)) - math.log(
        4 * math.pi
    )
    assert len(found.shares) >= 2
    assert abs(np.mean(log_density(found, humps) - truth)) < 0.02
    assert len(Choice(8, None, rng).best(x[:200]).shares) == 1


def test_the_seed_decides_and_work_is_what_was_done():
    problem = build(GaussianParameters(case="relaxation"), 1)
    x = np.array([[0.5, 0.5, 0.5]])

    def values(seed):
        return [float(c.evaluate(c.state, x)[0]) for c in checkpoints(problem, 3, seed, walkers=500)]

    assert values(1) == values(1)
    assert values(1) != values(2)
    work = [c.work for c in checkpoints(problem, 3, walkers=500)]
    assert work[2]["evaluations"] - work[1]["evaluations"] == work[1]["evaluations"] - work[0]["evaluations"]
    assert [w["samples"] for w in work] == [500, 1000, 1500]


def test_a_drift_that_is_too_stiff_is_said():
    with pytest.raises(Diverged, match="expected at most max_steps = 100"):
        Ensemble(linear(1e6), 0.02, 100, np.random.default_rng(0))


def test_walkers_that_leave_the_numbers_are_said():
    """b = x^3 explodes in finite time, from far enough out."""
    one = linear(1.0)
    problem = TransientProblem(
        dim=1,
        drift=lambda x, t: x**3,
        diffusion=0.5,
        initial_log_density=one.initial_log_density,
        initial_draw=one.initial_draw,
        horizon=1.0,
        times=(1.0,),
        box=one.box,
    )
    with pytest.raises(Diverged, match="the drift needs"):
        Ensemble(problem, 0.02, 2000, np.random.default_rng(0))


def test_it_declines_stationary_laws():
    from mfbench import Facts

    assert "in time" in PARTICLES.supports(
        Facts(task="fokker-planck", dim=2, flags=frozenset({"stationary"}))
    )


@pytest.mark.slow
def test_through_a_trial():
    cell = Cell(
        task="fokker-planck", problem="fokker-planck/gaussian", problem_parameters={"case": "relaxation", "dim": 2},
        solver="particles", solver_parameters={"walkers": 1000}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="particles", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.error < 0.1
    assert record.metrics["zero_share"].value == 0
