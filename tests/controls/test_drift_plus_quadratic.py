"""The mended line integral: exact for linear drifts, and no more than a control where a circulation varies."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg

from mfbench.solver import Context
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_controls import DriftPlusQuadraticParameters
from mfbench_controls.drift_plus_quadratic import Local, mended, solve, surveyed
from mfbench_controls.rays import ray_law
from mfbench_fokker_planck.entries.mixture import (
    MIXTURE,
    MIXTURE_CIRCULATION,
    MixtureParameters,
    VaryingParameters,
)
from mfbench_fokker_planck.mixture import build, judge

SMALL = DriftPlusQuadraticParameters(walkers=200, burn_in=200, directions=512)


def context(seed=0):
    return Context(seed=seed, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)


def sheared(dim, seed=3):
    """dX = -B (X - m) dt + sqrt(2 D) dW with B of no symmetry, and the precision D W^-1 of its law N(m, W)."""
    rng = np.random.default_rng(seed)
    pull = np.eye(dim) * np.linspace(1.0, 2.0, dim) + np.triu(rng.normal(0.0, 0.8, (dim, dim)), 1)
    mean = rng.uniform(-0.3, 0.3, dim)
    covariance = scipy.linalg.solve_continuous_lyapunov(pull, 2.0 * 0.4 * np.eye(dim))
    reach = 8.0 * np.sqrt(np.max(np.diag(covariance)))
    problem = FokkerPlanckProblem(
        dim=dim,
        drift=lambda x, t: -(x - mean) @ pull.T,
        diffusion=0.4,
        start=mean[None],
        box=np.stack([np.full(dim, -reach), np.full(dim, reach)]),
    )
    return problem, mean, covariance


def gaussian_log_density(x, mean, covariance):
    away = x - mean
    square = np.sum(away * np.linalg.solve(covariance, away.T).T, axis=1)
    return -0.5 * (square + np.linalg.slogdet(2.0 * np.pi * covariance)[1])


@pytest.mark.parametrize("dim", [2, 3])
def test_a_linear_drift_is_solved_to_round_off(dim):
    problem, mean, covariance = sheared(dim)
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 300)
    many = dataclasses.replace(SMALL, directions=8192)
    first, *_, last = list(solve(problem, many, context()))
    exact = gaussian_log_density(x, mean, covariance)
    assert np.std(first.evaluate(first.state, x) - exact) > 0.05  # the line integral alone
    np.testing.assert_allclose(last.evaluate(last.state, x), exact, rtol=0, atol=1e-7)


def test_above_three_dimensions_the_shape_is_and_the_constant_has_its_error():
    problem, mean, covariance = sheared(6)
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 300)
    *_, last = list(solve(problem, SMALL, context()))
    difference = last.evaluate(last.state, x) - gaussian_log_density(x, mean, covariance)
    assert np.ptp(difference) < 1e-8
    assert abs(np.mean(difference)) < 5.0 * last.reports["log_z_error"]


@pytest.mark.parametrize(("parameters", "solved"), [(MixtureParameters, True), (VaryingParameters, False)])
def test_one_gaussian_is_reducible_where_its_circulation_is_constant(parameters, solved):
    """Up to log Z by rays, as everywhere in four dimensions; where it varies no control finds even this plain a law."""
    made = parameters(dim=4, components=1)
    problem, reference = build(made, 2), judge(made, 2)
    x, exact = reference.law.x[:500], reference.law.log_p[:500]
    *_, last = list(solve(problem, SMALL, context()))
    wrong = np.std(last.evaluate(last.state, x) - exact)
    facts = (MIXTURE if solved else MIXTURE_CIRCULATION).facts(made)
    assert ("reducible" in facts.flags) == solved
    assert wrong < 1e-7 if solved else wrong > 0.1, wrong


def test_a_circulation_that_varies_in_space_is_mended_and_not_solved():
    """`mixture-circulation`: the residual falls, and the law stays wrong by tenths of a nat."""
    parameters = VaryingParameters(dim=4)
    problem, reference = build(parameters, 2), judge(parameters, 2)
    x, exact = reference.law.x[:500], reference.law.log_p[:500]
    first, *_, last = list(solve(problem, SMALL, context()))
    wrong = [np.std(one.evaluate(one.state, x) - exact) for one in (first, last)]
    assert 0.1 < wrong[1] < wrong[0]


def test_derivatives_along_the_rays_are_those_of_a_polynomial():
    """Phi of a quartic potential, whose differences of order 4 are exact but for rounding."""
    problem = FokkerPlanckProblem(
        dim=3,
        drift=lambda x, t: -(x**3) + x * np.array([1.0, 0.5, 0.0]),
        diffusion=0.5,
        start=np.zeros((1, 3)),
        box=np.array([[-3.0] * 3, [3.0] * 3]),
    )
    law = ray_law(lambda x: problem.drift(x, 0.0) / 0.5, problem.box, 8)
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 3))
    local, _ = surveyed(problem, law, x)
    np.testing.assert_allclose(local.slope, problem.drift(x, 0.0) / 0.5, atol=1e-10)
    divergence = np.sum(-3 * x**2 + np.array([1.0, 0.5, 0.0]), axis=1)
    np.testing.assert_allclose(local.divergence, divergence, atol=1e-10)
    np.testing.assert_allclose(local.laplacian, divergence / 0.5, atol=1e-7)
    correction, residual = mended(local, 0.5)
    assert residual < 1e-7
    np.testing.assert_allclose(correction.bend, 0.0, atol=1e-6)


def test_with_too_few_walkers_for_the_matrix_its_diagonal_is_fitted():
    """Nine points for 2 + 3 numbers: a Gaussian of unlike widths, of which the integral knew too little."""
    rng = np.random.default_rng(5)
    y, rates = rng.normal(size=(9, 2)), np.array([1.0, 3.0])
    local = Local(y, -0.7 * rates * y, np.full(9, -0.7 * 4.0), -rates * y, np.full(9, -4.0))
    correction, residual = mended(local, 1.0)
    assert residual < 1e-10
    np.testing.assert_allclose(correction.bend, -0.3 * np.diag(rates), atol=1e-8)


def test_work_counts_every_drift():
    problem, _, _ = sheared(4)
    calls = 0
    inner = problem.drift

    def counted(x, t):
        nonlocal calls
        calls += len(x)
        return inner(x, t)

    watched = FokkerPlanckProblem(dim=4, drift=counted, diffusion=0.4, start=problem.start, box=problem.box)
    calls = 0
    for checkpoint in solve(watched, SMALL, context()):
        assert checkpoint.work["evaluations"] == calls


def test_parameters_below_their_bounds_are_refused():
    with pytest.raises(ValueError, match="walkers is 1; expected a whole number >= 2"):
        DriftPlusQuadraticParameters(walkers=1)
