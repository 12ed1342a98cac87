"""`probability-flow` on laws that it holds exactly, on one that it approaches, and what it says of itself."""

import math
from itertools import islice

import numpy as np
import pytest

from mfbench import Context, Diverged, Facts
from mfbench.tasks.transient import TransientProblem
from mfbench_fokker_planck import benes, gaussian, linear_mean_field, quartic
from mfbench_fokker_planck.entries.benes import BenesParameters
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.entries.linear_mean_field import LinearMeanFieldParameters
from mfbench_fokker_planck.entries.quartic import QuarticParameters
from mfbench_jax.blocks.flow_start import with_moments
from mfbench_jax.blocks.flow_sweep import Sizes
from mfbench_jax.probability_flow import MOST_RIDGE, solve, tightened
from mfbench_jax.probability_flow_entry import PROBABILITY_FLOW, ProbabilityFlowParameters

pytestmark = pytest.mark.usefixtures("double_precision")

SMALL = {"members": 400, "units": 32, "tuning": 2}


def run(problem, seed=0, **parameters):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return solve(problem, ProbabilityFlowParameters(**parameters), context)


def error(judge, checkpoint):
    return judge.headline(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks)).value


def first_sweep(problem, **parameters):
    """The checkpoint after the first sweep that went through."""
    return next(c for c in islice(run(problem, **parameters), 400) if c.state.ways)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=() if case in ("kinetic",) else pytest.mark.slow)
        for case in (
            "relaxation",
            "moving-trap",
            "unstable",
            "kinetic",
            "turning-covariance",
            "particle-trap",
        )
    ],
)
def test_gaussian_laws_are_exact_and_the_end(case):
    """Also where the noise is degenerate or depends on time."""
    parameters = GaussianParameters(case=case)
    (only,) = run(gaussian.build(parameters, 2))
    assert error(gaussian.judge(parameters, 2), only) < 1e-8


@pytest.mark.slow
def test_particles_that_are_exchangeable_are_exact_with_a_score_that_they_share():
    parameters = GaussianParameters(case="interacting-trap", dim=20)
    (only,) = run(gaussian.build(parameters, 0))
    assert error(gaussian.judge(parameters, 0), only) < 1e-8
    matrix = only.state.pullbacks[-1].matrix
    swapped = np.roll(np.arange(20), 2)
    np.testing.assert_allclose(matrix, matrix[np.ix_(swapped, swapped)], atol=1e-9)


def test_a_law_that_acts_on_itself_is_exact_if_gaussian():
    parameters = LinearMeanFieldParameters(dim=2)
    (only,) = run(linear_mean_field.build(parameters, 1))
    assert error(linear_mean_field.judge(parameters, 1), only) < 1e-8


@pytest.mark.slow
def test_a_bent_start_is_followed_and_the_bound_is_one():
    """Benes: six humps from a start of one, by the guides to the time step; mass and entropy balance."""
    parameters = BenesParameters(dim=2)
    problem, judge = benes.build(parameters, 1), benes.judge(parameters, 1)
    seen = first_sweep(problem, **SMALL)
    law = judge.laws[-1]
    looks = seen.evaluate(seen.state, judge.inquiry.looks)[-len(law.x) :]
    assert error(judge, seen) < 0.02
    assert seen.reports["kl_bound"] < 1e-4
    ratio = np.exp(looks - law.log_p)  # its mean over draws of the law is the mass
    assert abs(np.mean(ratio) - 1.0) < 5.0 * np.std(ratio) / math.sqrt(len(ratio)) + 1e-3
    # By few members, to 4 standard errors; log p scatters by about a nat.
    assert abs(seen.reports["entropy"] + np.mean(law.log_p)) < 4.0 * np.std(law.log_p) / math.sqrt(80)


@pytest.mark.slow
def test_the_explicit_match_errs_less_than_the_published_one():
    """Two unlike wells on a line at the first time, where both still hold: by more than 5."""
    parameters = QuarticParameters(dim=1)
    problem, judge = quartic.build(parameters, 1), quartic.judge(parameters, 1)
    early = slice(0, len(judge.laws[0].x))
    errors = []
    for explicit in (True, False):
        seen = first_sweep(problem, explicit=explicit, members=400, units=16, tuning=0, ridge=1e-6)
        away = seen.evaluate(seen.state, judge.inquiry.looks)[early] - judge.laws[0].log_p
        errors.append(float(np.sqrt(np.mean(away**2))))
    assert errors[0] < 0.05
    assert errors[0] < errors[1] / 5.0


@pytest.mark.slow
def test_the_bound_is_not_below_the_divergence_where_that_is_large():
    """KL(p | truth) by importance weights, to 3 standard errors; the time step does not count at .1 and more."""
    parameters = QuarticParameters(dim=1)
    problem, judge = quartic.build(parameters, 1), quartic.judge(parameters, 1)
    seen = first_sweep(problem, members=400, units=16, tuning=0, ridge=1e-3)
    law = judge.laws[-1]
    away = seen.evaluate(seen.state, judge.inquiry.looks)[-len(law.x) :] - law.log_p
    terms = np.exp(away) * away - np.exp(away) + 1.0
    divergence, scatter = np.mean(terms), np.std(terms) / math.sqrt(len(terms))
    assert divergence > 0.1
    assert divergence - 3.0 * scatter < seen.reports["kl_bound"] < 2.0 * divergence


@pytest.mark.slow
def test_the_seed_decides():
    problem = benes.build(BenesParameters(dim=1), 1)
    x = np.array([[0.5, 3.0]])
    first, again, other = (
        float(c.evaluate(c.state, x)[0]) for c in (first_sweep(problem, seed=s, **SMALL) for s in (0, 0, 1))
    )
    assert first == again != other


def test_a_drift_that_runs_away_is_diverged_with_a_sentence():
    problem = TransientProblem(
        dim=1,
        drift=lambda x, t: x**3,
        diffusion=0.5,
        initial_log_density=lambda x: -0.5 * x[:, 0] ** 2 - 0.5 * math.log(2.0 * math.pi),
        initial_draw=lambda rng, n: rng.standard_normal((n, 1)),
        horizon=3.0,
        times=(3.0,),
        box=np.array([[-9.0], [9.0]]),
    )
    with pytest.raises(Diverged, match="points are lost after t = 0"):
        next(iter(run(problem)))


def test_draws_get_the_moments_asked_for():
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((3, 3))
    found = with_moments(rng.standard_normal((50, 3)), np.arange(3.0), factor @ factor.T)
    np.testing.assert_allclose(np.mean(found, axis=0), np.arange(3.0), atol=1e-12)
    np.testing.assert_allclose(np.cov(found.T, bias=True), factor @ factor.T, atol=1e-12)


def test_after_a_lost_sweep_the_ridge_grows_and_then_steps_shrink():
    sizes = Sizes(100, 10, 0, 0.4, 1e-3)
    assert tightened(sizes, 1e-8).ridge == MOST_RIDGE
    last = tightened(tightened(sizes, 1e-8), 1e-8)
    assert last.ridge == 1e-8
    assert last.step_share < 0.4


def test_what_it_declines():
    assert PROBABILITY_FLOW.supports(Facts(task="fokker-planck", dim=2, flags=frozenset({"stationary"})))
    assert PROBABILITY_FLOW.supports(
        Facts(task="fokker-planck", dim=1, flags=frozenset({"transient", "periodic"}))
    )
    open_to = frozenset({"transient", "hypoelliptic", "anisotropic", "interacting", "exchangeable"})
    assert PROBABILITY_FLOW.supports(Facts(task="fokker-planck", dim=2, flags=open_to)) is None


@pytest.mark.parametrize(
    "wrong", [{"members": 10}, {"around": 0.9}, {"rate": 0.0}, {"most_units": 1}, {"stretch": -1.0}]
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        ProbabilityFlowParameters(**wrong)
