"""Separable wells: the law on the line against a second discretisation, its equation, its limit; the product."""

import math

import numpy as np
import pytest
from scipy.stats import kstest

from mfbench.solver import Context
from mfbench_fokker_planck.entries.quartic import QUARTIC, QuarticParameters
from mfbench_fokker_planck.line_law import profiles
from mfbench_fokker_planck.quartic import COUNT, TIMES, build, judge, law_of, line, pull
from mfbench_grid.fokker_planck_transient import solve
from mfbench_grid.fokker_planck_transient_entry import FiniteVolumeInTimeParameters

FALSE_ALARM = 1e-4


def test_collocation_is_exact_for_an_ornstein_uhlenbeck_process():
    """dX = -X dt + sqrt(2) dW from N(1, 1/4): N(e^-t, 1 - (3/4) e^-2t), out to five standard deviations."""

    def start(x):
        return np.exp(-2.0 * (x - 1.0) ** 2) * math.sqrt(2 / math.pi)

    for t, found in zip((0.1, 0.7), profiles(lambda x: -x, 1.0, start, (0.1, 0.7), 9.0, 220), strict=True):
        mean, variance = math.exp(-t), 1 - 0.75 * math.exp(-2 * t)
        x = mean + math.sqrt(variance) * np.linspace(-5.0, 5.0, 41)
        truth = -((x - mean) ** 2) / (2 * variance) - 0.5 * math.log(2 * math.pi * variance)
        np.testing.assert_allclose(found.log_density(x), truth, atol=1e-8)
        assert found.mean == pytest.approx(mean, abs=1e-12)
        assert found.variance == pytest.approx(variance, abs=1e-12)
        assert found.peak == pytest.approx(-0.5 * math.log(2 * math.pi * variance), abs=1e-10)


def test_finite_volumes_agree():
    """A second route, with nothing in common: within the error that the extrapolated grids show between themselves."""
    parameters = QuarticParameters(dim=1)
    problem, found = build(parameters, 2), judge(parameters, 2)
    context = Context(seed=0, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    seen = []
    for checkpoint in solve(problem, FiniteVolumeInTimeParameters(cells=64, max_nodes=1100), context):
        seen.append(
            (
                checkpoint.reports.get("change"),
                found.headline(checkpoint.evaluate(checkpoint.state, found.inquiry.looks)).value,
            )
        )
    change, error = seen[-1]
    assert error < change < 1e-3


def test_late_laws_are_the_gibbs_law():
    """At t = 4000, long after all barriers were crossed: log p + V is one number."""
    late = profiles(pull, 1.0, lambda x: np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi), (4000.0,), 8.0, COUNT)[
        0
    ]
    x = np.linspace(-4.5, 4.2, 50)
    gap = late.log_density(x) + 0.06 * (x**4 - 16 * x**2 + 5 * x)
    assert np.ptp(gap) < 1e-6


def test_mass_is_kept():
    for profile in line(COUNT):
        assert profile.total == pytest.approx(1.0, abs=1e-11)


@pytest.mark.parametrize("dim", [1, 2, 10])
def test_draws_follow_the_product(dim):
    """Coordinates of the formula, by their own distribution function: no two of them, nor two times, differ."""
    found, law = judge(QuarticParameters(dim=dim), 5), law_of(QuarticParameters(dim=dim), 5)
    for one, profile in zip(found.laws, line(COUNT), strict=True):
        y = law.frame.to_formula(one.x).ravel()
        spacing = profile.fine[1] - profile.fine[0]
        cumulative = np.cumsum(profile.p) * spacing
        assert (
            kstest(
                y, lambda s, p=profile, c=cumulative: np.interp(s, p.fine + (p.fine[1] - p.fine[0]) / 2, c)
            ).pvalue
            > FALSE_ALARM
        )
        expected = profile.log_density(law.frame.to_formula(one.x)).sum(1)
        np.testing.assert_allclose(one.log_p, expected, atol=1e-12)
        assert np.all(one.log_p <= one.max_log_p + 1e-9)


@pytest.mark.parametrize("dim", [1, 2])
def test_nodes_integrate_the_last_law(dim):
    found = judge(QuarticParameters(dim=dim), 1)
    p = found.node_weights * np.exp(found.node_log_p)
    assert np.sum(p) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("dim", [1, 2, 3, 10, pytest.param(50, marks=pytest.mark.slow)])
def test_the_box_holds_the_law_at_all_times(dim):
    parameters = QuarticParameters(dim=dim)
    found, problem = judge(parameters, 6), build(parameters, 6)
    start = problem.initial_draw(np.random.default_rng(0), 5000)
    for x in (start, *(one.x for one in found.laws)):
        assert np.all((x > problem.box[0]) & (x < problem.box[1]))


def test_the_error_bar_is_measured_and_small():
    found = judge(QuarticParameters(dim=10), 1)
    assert 1e-12 <= found.floor < 1e-10


def test_the_entry_describes_what_it_builds():
    for preset in QUARTIC.instances.values():
        for instance in preset:
            parameters = QuarticParameters(**instance)
            problem = build(parameters, 1)
            assert problem.dim == QUARTIC.facts(parameters).dim
            assert problem.times == TIMES
    with pytest.raises(ValueError, match="expected a whole number from 1 to 100"):
        QuarticParameters(dim=0)
