"""Galerkin's method on a chain of few states, the ridge basis on the sets, and the arithmetic of rates."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.rates import Rates
from mfbench_jax.blocks.ridges import STEEPEST, draw, make_basis
from mfbench_jax.markov_model import galerkin, solve
from mfbench_jax.markov_model_entry import MarkovModel


def test_with_indicators_for_a_basis_it_is_the_committor_of_the_counted_chain():
    """States 0 (A), 1 ... 5, 6 (B); transitions counted from draws; hitting probabilities by a linear system."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(7), 7)
    start = rng.integers(1, 6, 5000)
    end = np.array([rng.choice(7, p=chances[s]) for s in start])
    counts = np.zeros((5, 7))
    np.add.at(counts, (start - 1, end), 1.0)
    empirical = counts / counts.sum(axis=1, keepdims=True)
    q = np.linalg.solve(np.eye(5) - empirical[:, 1:6], empirical[:, 6])

    def indicators(state):
        return (state[:, None] == np.arange(1, 6)).astype(float)

    def guess(state):
        return state / 6.0

    coefficients, kept = galerkin(indicators(start), indicators(end), guess(end) - guess(start), 1e-6)
    assert kept == 5
    np.testing.assert_allclose(guess(np.arange(1, 6)) + coefficients, q, atol=1e-12)


@pytest.mark.parametrize("gap", [1.0, 0.25])
def test_who_has_hit_a_set_counts_for_it_wherever_the_last_step_ends(gap):
    """No force between two planes, a gap of four time steps' width: q = x / gap. By places alone it was .07 off."""
    problem = CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: x[:, 0],
        boundary_b=lambda x: gap - x[:, 0],
        start_a=np.array([[-0.2 * gap]]),
        start_b=np.array([[1.2 * gap]]),
        box=np.array([[-gap], [2 * gap]]),
    )
    context = Context(seed=3, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    run = itertools.islice(solve(problem, MarkovModel(functions=40, lag=16), context), 12)
    last = [one for one in run if "lag" in one.reports][-1]
    x = np.linspace(0.02, 0.98, 50)[:, None] * gap
    assert np.sqrt(np.mean((np.asarray(last.evaluate(last.state, x)) - x[:, 0] / gap) ** 2)) < 0.02


def test_components_that_hardly_vary_are_left_out():
    rng = np.random.default_rng(1)
    here, there = rng.standard_normal((2, 400, 3)) * [1.0, 0.5, 1e-4]
    coefficients, kept = galerkin(here, 0.3 * there, rng.standard_normal(400), 1e-2)
    assert kept == 2
    assert abs(coefficients[2]) < 1e-2


def test_the_basis_vanishes_on_the_sets_and_the_guess_is_right_there(instance):
    problem, judge = instance
    scale = scale_of(problem)
    guess, basis = make_basis(problem, scale, 0.2)
    places = judge.reactive.x[:500]
    ridges = draw(places, scale, np.eye(2), 40, np.random.default_rng(0))
    for start, value in ((problem.start_a, 0.0), (problem.start_b, 1.0)):
        assert np.all(np.asarray(guess(jnp.asarray(start))) == value)
        assert np.all(np.asarray(basis(ridges, jnp.asarray(start))) == 0.0)
    inside = np.asarray(guess(jnp.asarray(places)))
    assert np.all((inside > 0) & (inside < 1))
    assert np.linalg.matrix_rank(np.asarray(basis(ridges, jnp.asarray(places)))) > 20


def test_ridges_pass_through_places_and_follow_the_metric(instance):
    scale = scale_of(instance[0])
    places = np.random.default_rng(1).standard_normal((30, 2))
    ridges = draw(places, scale, np.diag([1.0, 1e-6]), 200, np.random.default_rng(2))
    heights = (places - scale.centre) / scale.length @ ridges.w + ridges.b
    assert np.max(np.min(np.abs(heights), axis=0)) < 1e-12
    lengths = np.linalg.norm(ridges.w, axis=0)
    assert lengths.min() >= 0.5 and lengths.max() <= STEEPEST
    assert np.median(np.abs(ridges.w[1]) / lengths) < 0.01


def test_rates_of_two_halves():
    """nu = k_AB k_BA / (k_AB + k_BA); errors by the delta method."""
    rates, times = Rates(), np.array([2.0, 2.0])
    assert "rate" not in rates.reports()
    rates.add(0, np.array([0.4, 1.8]), times)
    assert "rate" not in rates.reports()
    rates.add(1, np.array([0.2, 0.4]), times)
    found = rates.reports()
    (k_ab, error_ab), (k_ba, error_ba) = (2.2 / 4.0, 1.4 / 4.0), (0.6 / 4.0, 0.2 / 4.0)
    assert found["rate_ab"] == pytest.approx(k_ab)
    assert found["rate"] == pytest.approx(k_ab * k_ba / (k_ab + k_ba))
    slope_ab, slope_ba = (k_ba / (k_ab + k_ba)) ** 2, (k_ab / (k_ab + k_ba)) ** 2
    assert found["rate_error"] == pytest.approx(math.hypot(slope_ab * error_ab, slope_ba * error_ba))


def test_rounds_without_transitions_count_and_a_half_without_any_gives_no_rate():
    rates = Rates()
    for crossed in (0.0, 0.8):
        rates.add(0, np.full(4, crossed), np.ones(4))
    rates.add(1, np.zeros(4), np.ones(4))
    assert rates.one_way(0) == pytest.approx((0.4, 0.4 / math.sqrt(7)))
    assert "rate" not in rates.reports()
