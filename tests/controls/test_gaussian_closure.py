"""The closure: exact for linear equations, of fourth order in time, as wrong as a Gaussian elsewhere."""

import math

import numpy as np
import pytest

from mfbench.record import Cell, Limits, Spec, Status
from mfbench.solver import Context, Diverged, Facts
from mfbench.tasks.transient import TransientProblem
from mfbench.trial import run_trial
from mfbench_controls import GaussianClosureParameters, elliptic_and_stationary, transient_only
from mfbench_controls.gaussian_closure import gaussian_of, initial_moments, rates, solve
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.gaussian import build, case_of, judge


def context(seed=0):
    return Context(seed=seed, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)


def errors(parameters, max_steps, seed=3):
    problem, found = build(parameters, seed), judge(parameters, seed)
    return [
        found.headline(checkpoint.evaluate(checkpoint.state, found.inquiry.looks)).value
        for checkpoint in solve(problem, GaussianClosureParameters(max_steps=max_steps), context())
    ]


@pytest.mark.parametrize(
    ("case", "dim", "reached"),
    [
        ("relaxation", 2, 1e-9),
        ("moving-trap", 3, 1e-5),
        ("unstable", 1, 1e-7),
        ("oscillator", 2, 1e-5),
        ("kinetic", 4, 1e-6),
        ("interacting-trap", 10, 1e-6),
        ("turning-covariance", 4, 1e-12),
    ],
)
def test_linear_equations_are_solved(case, dim, reached):
    assert errors(GaussianParameters(case=case, dim=dim), 256)[-1] < reached


@pytest.mark.parametrize(("case", "dim"), [("moving-trap", 2), ("kinetic", 4)])
def test_the_order_in_time_is_four(case, dim):
    found = np.log2(errors(GaussianParameters(case=case, dim=dim), 512))
    orders = (found[:-1] - found[1:])[2:]
    assert np.all((orders > 3.5) & (orders < 4.5)), orders


def double_well(diffusion=0.5, slope=1.0):
    """dX = slope (X - X^3) dt + sqrt(2 D) dW from N(.2, .04)."""
    return TransientProblem(
        dim=1,
        drift=lambda x, t: slope * (x - x**3),
        diffusion=diffusion,
        initial_log_density=lambda x: -((x[:, 0] - 0.2) ** 2) / 0.08 - 0.5 * math.log(2 * math.pi * 0.04),
        initial_draw=lambda rng, n: 0.2 + 0.2 * rng.standard_normal((n, 1)),
        horizon=1.0,
        times=(1.0,),
        box=np.array([[-4.0], [4.0]]),
    )


def test_rates_of_a_cubic_drift_by_hand():
    """Two points at m +- s: E b = m - m^3 - 3 m s^2, E b (x - m) = s^2 (1 - 3 m^2 - s^2)."""
    m, s = 0.3, 0.5
    start = initial_moments(double_well(), np.random.default_rng(0))
    np.testing.assert_allclose(start.mean, [0.2], atol=1e-12)
    np.testing.assert_allclose(start.covariance, [[0.04]], rtol=1e-12)
    found = rates(double_well(), start._replace(mean=np.array([m]), covariance=np.array([[s**2]])), 0.0)
    assert found.mean[0] == pytest.approx(m - m**3 - 3 * m * s**2, rel=1e-13)
    assert found.covariance[0, 0] == pytest.approx(2 * s**2 * (1 - 3 * m**2 - s**2) + 1.0, rel=1e-13)


def test_a_start_that_is_no_gaussian_gives_the_moments_of_draws():
    """A symmetric mixture at +-2: its mean is 0 and its variance 5; 4 sigma of 2e4 draws."""
    one = double_well()

    def log_p(x):
        return np.logaddexp(-0.5 * (x[:, 0] - 2) ** 2, -0.5 * (x[:, 0] + 2) ** 2) - math.log(
            2 * math.sqrt(2 * math.pi)
        )

    mixture = TransientProblem(
        **{name: getattr(one, name) for name in ("dim", "drift", "diffusion", "horizon", "times", "box")},
        initial_log_density=log_p,
        initial_draw=lambda rng, n: rng.standard_normal((n, 1)) + 4.0 * rng.integers(0, 2, (n, 1)) - 2.0,
    )
    found = initial_moments(mixture, np.random.default_rng(1))
    assert abs(found.mean[0]) < 4 * math.sqrt(5 / 20_000)
    # Var (x^2) = E x^4 - 25 = 3 + 6 * 4 + 16 - 25 = 18
    assert abs(found.covariance[0, 0] - 5.0) < 4 * math.sqrt(18 / 20_000)
    assert gaussian_of(mixture, found) is None or found.covariance[0, 0] != 1.0


def test_a_start_in_any_position_is_read_exactly():
    law = case_of(GaussianParameters(case="growing-covariance", dim=6), 9).law
    found = initial_moments(
        build(GaussianParameters(case="growing-covariance", dim=6), 9), np.random.default_rng(0)
    )
    np.testing.assert_allclose(found.mean, law.mean, atol=1e-11)
    np.testing.assert_allclose(found.covariance, law.covariance, atol=1e-11)


def test_work_is_counted():
    calls = 0

    def counted(x, t):
        nonlocal calls
        calls += len(x)
        return -x

    one = double_well()
    problem = TransientProblem(
        **{
            name: getattr(one, name)
            for name in ("dim", "diffusion", "horizon", "times", "box", "initial_log_density", "initial_draw")
        },
        drift=counted,
    )
    calls = 0
    for checkpoint in solve(problem, GaussianClosureParameters(max_steps=64), context()):
        assert checkpoint.work["evaluations"] == calls


def test_a_step_that_is_never_stable_is_said():
    problem = double_well(slope=1e9)
    with pytest.raises(Diverged, match="no positive covariance"), np.errstate(all="ignore"):
        list(solve(problem, GaussianClosureParameters(max_steps=32), context()))


def test_stationary_laws_are_declined_and_moving_ones_by_the_line_integral():
    still, moving = (
        Facts(task="fokker-planck", dim=2, flags=frozenset({flag})) for flag in ("stationary", "transient")
    )
    assert "in time only" in transient_only(still)
    assert transient_only(moving) is None
    assert "stationary" in elliptic_and_stationary(moving)


def test_through_a_trial():
    cell = Cell(
        task="fokker-planck", problem="fokker-planck/gaussian", problem_parameters={"case": "kinetic", "dim": 4},
        solver="gaussian-closure", solver_parameters={"max_steps": 512}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="closure", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.headline == "log_density_rms"
    assert record.error < 1e-5
    assert record.metrics["covariance_error"].value < 1e-5
