"""The line integral: exact for gradients, and for the ring; its normalisation with an honest error."""

import math

import numpy as np
import pytest

from mfbench.solver import Context, Facts
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_controls import LineIntegralParameters, elliptic_and_stationary
from mfbench_controls.line_integral import solve
from mfbench_controls.rays import antiderivative_matrix
from mfbench_controls.sphere_rules import random_directions, sphere_area, sphere_quadrature
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_fokker_planck.ring import build, judge


def context(seed=0):
    return Context(seed=seed, device="cpu", threads=1, budget=1.0, elapsed=lambda: 0.0)


def problem_of(drift, centre, half_width, diffusion=0.5):
    centre = np.asarray(centre, dtype=float)
    return FokkerPlanckProblem(
        dim=len(centre),
        drift=lambda x, t: drift(x),
        diffusion=diffusion,
        start=centre[None],
        box=np.stack([centre - half_width, centre + half_width]),
    )


def gaussian(dim, diffusion=0.5):
    """A Gaussian of unlike widths whose mean is not the centre of its box, and its log-density."""
    rates = np.linspace(1.0, 2.0, dim)
    mean = np.full(dim, 0.3)

    def log_p(x):
        return (
            np.sum(np.log(rates / (2 * np.pi * diffusion)) - rates * (x - mean) ** 2 / diffusion, axis=1) / 2
        )

    return problem_of(lambda x: -rates * (x - mean), mean - 0.2, 6.0, diffusion), log_p


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("diffusion", [0.5, 0.1])
def test_a_gradient_drift_is_solved_to_round_off(dim, diffusion):
    problem, log_p = gaussian(dim, diffusion)
    last = list(solve(problem, LineIntegralParameters(), context()))[-1]
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (200, dim))
    np.testing.assert_allclose(last.evaluate(last.state, x), log_p(x), rtol=0, atol=1e-9)


@pytest.mark.parametrize("dim", [5, 9])
def test_above_three_dimensions_the_normalisation_is_as_wrong_as_it_says(dim):
    """z = error / standard error over 40 seeds: sum z^2 of 40 normals lies in [16, 80] but for 2e-4."""
    problem, log_p = gaussian(dim)
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (3, dim))
    scores = []
    for seed in range(40):
        last = list(solve(problem, LineIntegralParameters(directions=512), context(seed)))[-1]
        error = last.evaluate(last.state, x) - log_p(x)
        assert np.ptp(error) < 1e-11  # only the constant is random
        scores.append(error[0] / last.reports["log_z_error"])
    assert 16 < np.sum(np.square(scores)) < 80


@pytest.mark.parametrize("dim", [2, 3, 4, 10])
def test_the_ring_is_reducible(dim):
    """Along rays from the origin the rotation does no work. What is left in low d lies outside the box."""
    parameters = RingParameters(dim=dim)
    problem, reference = build(parameters, seed=4), judge(parameters, seed=4)
    error = None
    for checkpoint in solve(problem, LineIntegralParameters(directions=600), context()):
        error = checkpoint.evaluate(checkpoint.state, reference.law.x) - reference.law.log_p
    assert np.std(error) < 1e-13
    assert abs(np.mean(error)) < 2e-9


def test_a_circulation_that_does_work_along_rays_is_beyond_it():
    """dX = -B X dt + dW with a sheared B: a Gaussian, but not the right one, by tenths of a nat."""
    pull = np.array([[1.0, 1.5], [0.0, 1.0]])
    problem = problem_of(lambda x: -x @ pull.T, [0.0, 0.0], 6.0)
    last = list(solve(problem, LineIntegralParameters(), context()))[-1]
    x = np.random.default_rng(1).standard_normal((200, 2))
    # The integral sees the symmetric part of B alone; the law is N(0, W) with B W + W B^T = 1.
    symmetric = (pull + pull.T) / 2
    expected = -np.einsum("ni,ij,nj->n", x, symmetric, x) + 0.5 * math.log(np.linalg.det(symmetric / np.pi))
    np.testing.assert_allclose(last.evaluate(last.state, x), expected, atol=1e-6)
    covariance = np.array([[0.5 + 1.5**2 / 4, -1.5 / 4], [-1.5 / 4, 0.5]])
    np.testing.assert_allclose(pull @ covariance + covariance @ pull.T, np.eye(2), atol=1e-14)
    truth = -np.einsum("ni,ij,nj->n", x, np.linalg.inv(covariance), x) / 2
    assert np.std(expected - truth) > 0.1


def test_the_first_checkpoint_comes_after_few_evaluations_and_work_is_counted():
    calls = 0

    def counted(x):
        nonlocal calls
        calls += len(x)
        return -x

    problem = problem_of(counted, np.zeros(4), 5.0)
    calls = 0
    work = []
    for checkpoint in solve(problem, LineIntegralParameters(directions=512), context()):
        assert checkpoint.work["evaluations"] == calls
        work.append(calls)
    assert len(work) == 4
    assert work[0] < 60_000


def test_the_seed_decides_and_checkpoints_stay_as_they_were():
    problem, _ = gaussian(5)
    x = np.zeros((1, 5))

    def values(seed):
        found = list(solve(problem, LineIntegralParameters(directions=512), context(seed)))
        return [float(c.evaluate(c.state, x)[0]) for c in found]

    running = [
        float(c.evaluate(c.state, x)[0])
        for c in solve(problem, LineIntegralParameters(directions=512), context(1))
    ]
    assert values(1) == running
    assert values(2) != running


@pytest.mark.parametrize("points", [1, 4, 8])
def test_antiderivatives_of_polynomials_are_exact(points):
    nodes = np.polynomial.legendre.leggauss(points)[0]
    matrix = antiderivative_matrix(nodes)
    for degree in range(points):
        truth = (nodes ** (degree + 1) - (-1.0) ** (degree + 1)) / (degree + 1)
        np.testing.assert_allclose(matrix @ nodes**degree, truth, atol=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_sphere_rules_integrate_polynomials(dim):
    directions, weights = sphere_quadrature(dim, 16)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=1e-14)
    assert np.sum(weights) == pytest.approx(sphere_area(dim), rel=1e-14)
    u = np.array([0.3, -1.0, 2.0])[:dim]
    # int (u . w)^4 over the sphere = 3 |u|^4 S / (d (d + 2))
    truth = 3 * np.sum(u**2) ** 2 * sphere_area(dim) / (dim * (dim + 2))
    assert np.sum(weights * (directions @ u) ** 4) == pytest.approx(truth, rel=1e-13)


def test_sphere_rules_stop_at_three_dimensions():
    with pytest.raises(ValueError, match="dim is 4"):
        sphere_quadrature(4, 8)


def test_random_directions_have_length_one():
    directions = random_directions(6, 100, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, rtol=1e-14)


def test_moving_laws_are_declined():
    assert (
        elliptic_and_stationary(Facts(task="fokker-planck", dim=2, flags=frozenset({"stationary"}))) is None
    )
    assert "stationary" in elliptic_and_stationary(Facts(task="fokker-planck", dim=2))


def test_parameters_below_one_are_refused():
    with pytest.raises(ValueError, match="directions is 0; expected a whole number >= 1"):
        LineIntegralParameters(directions=0)
