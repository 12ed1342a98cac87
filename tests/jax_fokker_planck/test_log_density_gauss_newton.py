"""The solver on laws with closed form: exactness, normalisation, determinism, gain over its mixture."""

from itertools import islice

import numpy as np
import pytest
import scipy.linalg

from mfbench import Context, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_jax.blocks.fokker_planck_walkers import FAMILY
from mfbench_jax.log_density_gauss_newton import solve
from mfbench_jax.log_density_gauss_newton_entry import LOG_DENSITY_GAUSS_NEWTON, LogDensityParameters

SMALL = LogDensityParameters(width=10, depth=2, points=500, walkers=2000, burn_in=300)


def checkpoints(problem, number, seed=0, parameters=SMALL):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return list(islice(solve(problem, parameters, context), number))


def errors(checkpoint, x, log_p):
    return np.asarray(checkpoint.evaluate(checkpoint.state, x)) - log_p


def rms(values):
    return float(np.sqrt(np.mean(values**2)))


def ornstein_uhlenbeck():
    """b = -B x, D = 1/2: N(0, W) with B W + W B^T = I."""
    b = np.array([[1.5, 0, 0], [0, 1.0, 0], [0.5, 0.3, 1.0]])
    covariance = scipy.linalg.solve_continuous_lyapunov(b, np.eye(3))
    problem = FokkerPlanckProblem(
        dim=3,
        drift=lambda x, t: -(x @ b.T),
        diffusion=0.5,
        start=np.zeros((2, 3)),
        box=np.array([[-5.0] * 3, [5.0] * 3]),
    )
    x = np.random.default_rng(1).multivariate_normal(np.zeros(3), covariance, 2048)
    log_p = -0.5 * np.einsum("ni,ij,nj->n", x, np.linalg.inv(covariance), x)
    return problem, x, log_p - 0.5 * np.linalg.slogdet(2.0 * np.pi * covariance)[1]


def ring():
    """b = -grad (|x|^2 - 1)^2 + rotation, D = 1/2, d = 2; K_2 = pi int_{-1}^inf exp(-2 t^2) dt."""
    problem = FokkerPlanckProblem(
        dim=2,
        drift=lambda x, t: (
            -4.0 * ((x * x).sum(1)[:, None] - 1.0) * x + x @ np.array([[0.0, -1.0], [1.0, 0.0]])
        ),
        diffusion=0.5,
        start=np.array([[1.0, 0.0]]),
        box=np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )
    rng = np.random.default_rng(1)
    t = 0.5 * rng.standard_normal(20_000)
    t = t[t > -1.0][:2048]
    angle = 2.0 * np.pi * rng.random(len(t))
    x = np.sqrt(1.0 + t)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return problem, x, -2.0 * t**2 - np.log(3.84782606033)


def test_gaussian_law_is_found_to_round_off():
    problem, x, log_p = ornstein_uhlenbeck()
    last = checkpoints(problem, 90)[-1]
    error = errors(last, x, log_p)
    # The law lies in the family: one component, and drawn from that component log Z has no scatter either.
    assert np.max(np.abs(error)) < 1e-8
    assert last.reports["residual_rms"] < 1e-8


def test_noise_on_a_velocity_alone_is_enough():
    """dx = v dt, dv = (-x - v/2) dt + dW from a start far off: N(0, I) to round-off."""
    problem = FokkerPlanckProblem(
        dim=2,
        drift=lambda x, t: x @ np.array([[0.0, -1.0], [1.0, -0.5]]),
        noise=np.array([[0.0], [1.0]]),
        start=np.array([[2.0, 1.0]]),
        box=np.array([[-7.0, -7.0], [7.0, 7.0]]),
    )
    x = np.random.default_rng(1).standard_normal((2048, 2))
    first, *_, last = checkpoints(problem, 90)
    log_p = -0.5 * np.sum(x**2, axis=1) - np.log(2.0 * np.pi)
    assert rms(errors(first, x, log_p)) > 1e-2
    assert np.max(np.abs(errors(last, x, log_p))) < 1e-8


@pytest.fixture(scope="module")
def ring_run():
    """Checkpoints of one run, with their errors as they were when each was yielded."""
    problem, x, log_p = ring()
    context = Context(seed=4, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return [(c, errors(c, x, log_p)) for c in islice(solve(problem, SMALL, context), 120)]


def test_ring_is_ten_times_better_than_its_mixture(ring_run):
    first, last = rms(ring_run[0][1]), rms(ring_run[-1][1])
    assert first > 0.2
    assert last < 0.1 * first


def test_held_out_residual_never_rises_once_the_residual_is_fitted(ring_run):
    levels = [checkpoint.reports["residual_rms"] for checkpoint, _ in ring_run][SMALL.projection + 1 :]
    assert len(levels) > 40
    assert np.all(np.diff(levels) <= 0.0)


def test_same_seed_same_answers_and_kept_states_do_not_change(ring_run):
    problem, x, log_p = ring()
    for again, (kept, values) in zip(checkpoints(problem, 60, seed=4), ring_run, strict=False):
        np.testing.assert_array_equal(errors(again, x, log_p), values)
        np.testing.assert_array_equal(errors(kept, x, log_p), values)
        assert again.work == kept.work


def test_another_seed_gives_another_start(ring_run):
    problem, x, log_p = ring()
    assert np.any(errors(checkpoints(problem, 1, seed=5)[0], x, log_p) != ring_run[0][1])


def test_one_evaluate_for_all_checkpoints_and_work_grows(ring_run):
    assert len({checkpoint.evaluate for checkpoint, _ in ring_run}) == 1
    work = [checkpoint.work["evaluations"] for checkpoint, _ in ring_run]
    assert work == sorted(work) and work[-1] > work[0] >= SMALL.walkers * SMALL.burn_in / FAMILY


def test_drift_without_finite_slope_is_refused():
    problem = FokkerPlanckProblem(
        dim=2,
        drift=lambda x, t: -x * (x * x).sum(1)[:, None] ** 0.5,  # the root has no derivative at 0
        diffusion=0.5,
        start=np.zeros((1, 2)),
        box=np.array([[-1.0, -1.0], [1.0, 1.0]]),
    )
    with pytest.raises(FloatingPointError, match="Jacobian"):
        checkpoints(problem, 1)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"width": 0}, "width is 0"),
        ({"projection": -1}, "projection is -1"),
        ({"walkers": 2800}, "1960 are not hot"),
        ({"hot_share": 0.8}, "1200 are not hot"),
        ({"hot_share": 0.95}, "hot_share is 0.95"),
        ({"temperature": 0.5}, "temperature is 0.5"),
    ],
)
def test_parameters_are_validated(wrong, named):
    with pytest.raises(ValueError, match=named):
        LogDensityParameters(**wrong)


def test_stationary_problems_only():
    stationary = Facts(task="fokker-planck", dim=4, flags=frozenset({"stationary"}))
    assert LOG_DENSITY_GAUSS_NEWTON.supports(stationary) is None
    assert "stationary" in LOG_DENSITY_GAUSS_NEWTON.supports(Facts(task="fokker-planck", dim=4))
