"""Spikes: closed forms by quadrature, and the best measure by its certificate and by a lasso on a grid."""

import math

import numpy as np
import pytest

from mfbench.tasks.judging import Answers
from mfbench_regression import spikes_circle, spikes_torus
from mfbench_regression.dirichlet import dirichlet
from mfbench_regression.entries.spikes import SpikesCircleParameters, SpikesTorusParameters
from mfbench_regression.sparse_measure import Spikes, least_objective

CASES = {
    "circle": (spikes_circle, SpikesCircleParameters(), 4),
    "torus": (spikes_torus, SpikesTorusParameters(), 2),
}
SEEDS = range(6)


def data(case, seed=1):
    return (
        spikes_circle.spikes_of(seed)
        if case == "circle"
        else Spikes(spikes_torus.PLACES, spikes_torus.WEIGHTS)
    )


def grid(dim, count):
    steps = 2 * math.pi * np.arange(count) / count
    return np.stack(np.meshgrid(*[steps] * dim, indexing="ij"), axis=-1).reshape(-1, dim)


@pytest.mark.parametrize("modes", [2, 4, 8])
def test_the_kernel_is_the_quotient_of_sines(modes):
    x = np.linspace(0.1, 6.0, 50)[:, None]
    expected = np.sin((modes + 0.5) * x) / np.sin(x / 2)
    np.testing.assert_allclose(dirichlet(x, np.zeros((1, 1)), modes), expected, atol=1e-12)
    assert dirichlet(np.zeros((1, 2)), np.zeros((1, 2)), modes)[0, 0] == pytest.approx((2 * modes + 1) ** 2)


@pytest.mark.parametrize("case", CASES)
def test_the_closed_form_by_equal_steps(case):
    """Means of trigonometric polynomials over enough equal steps are exact."""
    module, parameters, _ = CASES[case]
    problem = module.build(parameters, 1)
    form, spikes = problem.closed_form, data(case)
    x = grid(problem.dim, 40)
    y = problem.unit(x, spikes.places) @ spikes.weights
    z = problem.prior(np.random.default_rng(0), 7)
    units = problem.unit(x, z)
    np.testing.assert_allclose(form.overlap(z), y @ units / len(x), atol=1e-11)
    np.testing.assert_allclose(form.kernel(z, z), units.T @ units / len(x), atol=1e-11)
    assert form.constant == pytest.approx(np.mean(y**2) / 2, rel=1e-12)


def objective(case, penalty, spikes):
    """J by equal steps."""
    _, _, modes = CASES[case]
    truth = data(case)
    x = grid(truth.places.shape[1], 40)
    gap = dirichlet(x, truth.places, modes) @ truth.weights
    gap = gap - dirichlet(x, spikes.places, modes) @ spikes.weights
    return np.mean(gap**2) / 2 + penalty * np.sum(np.abs(spikes.weights))


@pytest.mark.parametrize(("case", "penalty"), [("circle", 0.3), ("torus", 1.0), ("torus", 4.0)])
def test_the_best_measure_is_certified_on_another_grid(case, penalty):
    """|Phi* (y - Phi mu)| <= lambda everywhere, with equality and the right sign at the spikes: that is optimality."""
    truth, (_, _, modes) = data(case), CASES[case]
    best = least_objective(truth, modes, penalty)
    assert 0 < best.gap < 1e-11
    assert best.objective == pytest.approx(objective(case, penalty, best.spikes), rel=1e-11)

    def certificate(z):
        return (
            dirichlet(z, truth.places, modes) @ truth.weights
            - dirichlet(z, best.spikes.places, modes) @ best.spikes.weights
        )

    dim = truth.places.shape[1]
    assert np.max(np.abs(certificate(grid(dim, 3001 if dim == 1 else 151)))) < penalty * (1 + 1e-6)
    np.testing.assert_allclose(
        certificate(best.spikes.places), penalty * np.sign(best.spikes.weights), rtol=1e-5
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lasso_on_a_grid_comes_down_to_it(seed):
    """Non-negative least squares in both signs: a measure on 400 places has an objective a little above the minimum."""
    from scipy.optimize import minimize

    truth, penalty = spikes_circle.spikes_of(seed), 0.3
    places = grid(1, 400)
    kernel = dirichlet(places, places, 4)
    pull = dirichlet(places, truth.places, 4) @ truth.weights
    constant = truth.weights @ dirichlet(truth.places, truth.places, 4) @ truth.weights / 2

    def value(both):
        w = both[:400] - both[400:]
        slope = kernel @ w - pull
        return (
            constant + w @ (slope - pull) / 2 + penalty * np.sum(both),
            np.r_[slope + penalty, penalty - slope],
        )

    found = minimize(
        value, np.zeros(800), jac=True, method="L-BFGS-B", bounds=[(0, None)] * 800,
        options={"maxiter": 4000, "ftol": 1e-14, "gtol": 1e-9},
    )  # fmt: skip
    best = least_objective(truth, 4, penalty)
    assert best.objective <= found.fun + 1e-10
    assert found.fun == pytest.approx(best.objective, rel=5e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_data_on_the_circle_are_five_spikes_apart(seed):
    spikes = spikes_circle.spikes_of(seed)
    places = np.sort(spikes.places[:, 0])
    assert len(places) == 5
    assert np.min(np.diff(np.r_[places, places[0] + 2 * np.pi])) >= 0.2
    assert np.all((np.abs(spikes.weights) >= 0.5) & (np.abs(spikes.weights) <= 1.5))


@pytest.mark.parametrize("case", CASES)
def test_the_judge_knows_the_objectives_excess_from_below(case):
    """Half the squared headline <= J - J*, for measures in many places; equal to it for none."""
    module, parameters, _ = CASES[case]
    problem, judge = module.build(parameters, 1), module.judge(parameters, 1)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        z, c = problem.prior(rng, 5), rng.standard_normal(5)
        excess = objective(case, parameters.penalty, Spikes(z, c)) - judge.objective.value
        score = judge.metrics(Answers(looks=problem.unit(judge.x, z) @ c))["excess_loss"].value
        assert 0 < score <= excess
    best = least_objective(data(case), CASES[case][2], parameters.penalty).spikes
    assert judge.headline(problem.unit(judge.x, best.places) @ best.weights).value < 1e-12


def test_without_a_penalty_the_data_are_the_answer():
    parameters = SpikesTorusParameters(penalty=0.0)
    judge = spikes_torus.judge(parameters, 0)
    problem = spikes_torus.build(parameters, 0)
    assert judge.objective.value == 0.0
    answer = problem.unit(judge.x, spikes_torus.PLACES) @ spikes_torus.WEIGHTS
    assert judge.headline(answer).value < 1e-12


def test_impossible_penalties_are_refused():
    with pytest.raises(ValueError, match="penalty is 0; expected a finite number > 0"):
        SpikesCircleParameters(penalty=0)
    with pytest.raises(ValueError, match="penalty is -1; expected a finite number >= 0"):
        SpikesTorusParameters(penalty=-1)
