"""`log-density-galerkin` on laws that it holds exactly, on one that it approaches, and what it says of itself."""

from itertools import islice

import numpy as np
import pytest

from mfbench import Context, Facts
from mfbench.record import Cell, Limits, Spec, Status
from mfbench.trial import run_trial
from mfbench_fokker_planck import benes, gaussian, quartic, sheared
from mfbench_fokker_planck.entries.benes import BenesParameters
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.entries.quartic import QuarticParameters
from mfbench_fokker_planck.entries.sheared import ShearedParameters
from mfbench_jax.blocks.dirac_frenkel import Lost
from mfbench_jax.log_density_galerkin import solve
from mfbench_jax.log_density_galerkin_entry import LOG_DENSITY_GALERKIN, GalerkinParameters

FEW = {"walkers": 400, "stretches": 4}


pytestmark = pytest.mark.usefixtures("double_precision")


def run(problem, seed=0, **parameters):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return solve(problem, GalerkinParameters(**parameters), context)


def error(judge, checkpoint):
    return judge.headline(checkpoint.evaluate(checkpoint.state, judge.inquiry.looks)).value


@pytest.mark.parametrize(
    "case", ["relaxation", "moving-trap", "unstable", "kinetic", "turning-covariance", "particle-trap"]
)
def test_gaussian_laws_are_exact_and_the_end(case):
    """Also where the noise is degenerate or depends on time."""
    parameters = GaussianParameters(case=case)
    (only,) = run(gaussian.build(parameters, 2))
    assert error(gaussian.judge(parameters, 2), only) < 1e-9


def test_particles_that_are_exchangeable_stay_so():
    (only,) = run(gaussian.build(GaussianParameters(case="interacting-trap", dim=20), 0))
    factor = only.state.gaussians[-1].factors[0]
    swapped = np.roll(np.arange(20), 2)
    covariance = factor @ factor.T
    np.testing.assert_allclose(covariance, covariance[np.ix_(swapped, swapped)], atol=1e-11)


def test_a_bent_process_is_straightened():
    """Exact in the coordinates that the noise gives; what is left is their quadrature, in the far tails."""
    parameters = ShearedParameters(dim=4)
    (only,) = run(sheared.build(parameters, 3))
    assert error(sheared.judge(parameters, 3), only) < 1e-7


def test_the_starts_shape_times_a_gaussian_is_exact():
    """Benes: six humps from a start of one."""
    parameters = BenesParameters(dim=3)
    seen = list(run(benes.build(parameters, 1), **FEW))
    judge = benes.judge(parameters, 1)
    assert error(judge, seen[0]) > 0.05  # the Gaussian alone
    assert error(judge, seen[-1]) < 1e-7
    assert seen[-1].reports["residual"] < 1e-9


@pytest.mark.slow
def test_what_lies_outside_is_approached_with_the_degree():
    """Two unlike wells on a line, at the early time: the error falls by more than 5 from degree 4 to 8."""
    parameters = QuarticParameters(dim=1)
    problem, judge = quartic.build(parameters, 1), quartic.judge(parameters, 1)
    by_degree = {}
    for checkpoint in run(problem, walkers=2000, stretches=12):
        degree = checkpoint.reports.get("degree", 0.0)
        if degree not in by_degree:
            by_degree[degree] = error(judge, checkpoint)
        if degree == 8:
            break
    assert by_degree[8] < by_degree[4] / 5 < by_degree[0] / 25


def test_sweeps_that_run_away_are_told_and_walkers_answer_in_their_place(monkeypatch):
    """Of two wells: by what walkers alone say, once a rung has failed with polynomials and with bounded functions."""

    def runs_away(sweep):
        yield 0.1
        raise Lost("planted")

    monkeypatch.setattr("mfbench_jax.log_density_galerkin.TiltSweep.run", runs_away)
    parameters = QuarticParameters(dim=1)
    problem, judge = quartic.build(parameters, 1), quartic.judge(parameters, 1)
    seen = list(run(problem, order=1, walkers=200, most_walkers=400, stretches=2, census=5000))
    assert seen[-1].reports["lost"] == 4.0
    assert "residual" not in seen[-1].reports
    assert [c.reports.get("snapshot", 0.0) for c in seen] == [0.0] * 4 + [1.0] * (len(seen) - 4)
    assert error(judge, seen[-1]) < error(judge, seen[0]) / 3
    assert {error(judge, c) for c in seen} == {error(judge, seen[0]), error(judge, seen[-1])}


def test_a_sweep_that_is_worse_than_the_gaussian_is_given_up(monkeypatch):
    """By its residual alone: nothing else of it is seen."""
    asked = []

    def misled(sweep):
        sweep.residual = 1e6
        yield 0.1
        asked.append(sweep)

    monkeypatch.setattr("mfbench_jax.log_density_galerkin.TiltSweep.run", misled)
    problem = quartic.build(QuarticParameters(dim=1), 1)
    seen = list(run(problem, order=1, walkers=200, most_walkers=200, stretches=2, census=1000))
    assert asked == [] and seen[-1].reports["lost"] == 0.0
    assert "residual" not in seen[-1].reports


def test_a_mass_that_was_lost_is_given_back():
    """The first sweep, of degree 4: quadrature of its answer against what was taken off its logarithm."""
    problem = quartic.build(QuarticParameters(dim=1), 1)
    held = next(c for c in run(problem, stretches=12) if "residual" in c.reports)
    y = np.linspace(-4.5, 4.5, 2001)
    masses = [
        np.log(
            np.sum(np.exp(held.evaluate(held.state, np.column_stack([y, np.full(len(y), t)]))))
            * (y[1] - y[0])
        )
        for t in problem.times
    ]
    assert np.max(np.abs(masses)) < 0.05
    assert held.reports["mass"] > 2.0 * np.max(np.abs(masses))


def test_the_seed_decides_and_work_rises():
    problem = quartic.build(QuarticParameters(dim=1), 1)
    x = np.array([[0.5, 1.0], [-1.0, 4.0]])

    def seen(seed):
        found = list(islice(run(problem, seed, walkers=200, stretches=2), 10))
        return [c.evaluate(c.state, x).tolist() for c in found], [c.work["evaluations"] for c in found]

    values, work = seen(1)
    assert values == seen(1)[0]
    assert values[-1] != seen(2)[0][-1]
    assert work == sorted(work) and work[-1] > work[0]


def test_it_declines_stationary_laws():
    facts = Facts(task="fokker-planck", dim=2, flags=frozenset({"stationary"}))
    assert "in time" in LOG_DENSITY_GALERKIN.supports(facts)


@pytest.mark.parametrize(("name", "value"), [("degree", 1), ("walkers", 99), ("step_share", 0.0)])
def test_parameters_outside_their_range_are_refused(name, value):
    with pytest.raises(ValueError, match=name):
        GalerkinParameters(**{name: value})


def test_through_a_trial():
    cell = Cell(
        task="fokker-planck", problem="fokker-planck/gaussian", problem_parameters={"case": "relaxation", "dim": 2},
        solver="log-density-galerkin", solver_parameters={}, seed=0, device="cpu", budget=20.0,
    )  # fmt: skip
    record = run_trial(Spec(key="galerkin", cell=cell, limits=Limits(), plugins=())).record
    assert record.status is Status.OK, record.sentence
    assert record.error < 1e-9
