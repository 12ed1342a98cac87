"""The adapter of fpcross: its numbers are the package's, laws in time and at rest. Needs the extra `peers`: tox -e peers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import mfbench

pytest.importorskip("fpcross", reason="pip install 'mfbench[peers]'", exc_type=ImportError)

import fpcross
import teneva

from mfbench.solver import Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_fokker_planck import gaussian, linear, ring
from mfbench_fokker_planck.entries.gaussian import GaussianParameters
from mfbench_fokker_planck.entries.linear import LinearParameters
from mfbench_fokker_planck.entries.ring import RingParameters
from mfbench_peers.blocks.fpcross_equation import Posed, Rung
from mfbench_peers.entries import FpcrossParameters
from mfbench_peers.fpcross_law import rungs, solve

SMALL = FpcrossParameters(nodes=24, steps=40)


def context(seed=1):
    return mfbench.Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def printed(dim):
    """The problem in the coordinates in which the package has its matrix."""
    matrix = linear.drift_matrix(dim)
    return FokkerPlanckProblem(
        dim=dim,
        drift=lambda x, t: -(x @ matrix.T),
        diffusion=linear.DIFFUSION,
        start=np.zeros((1, dim)),
        box=np.array([[-5.0] * dim, [5.0] * dim]),
    )


def test_a_rung_is_the_packages_own_demonstration():
    """The same steps as its class for Ornstein-Uhlenbeck, to what its cross approximation leaves open."""
    dim = 2
    own = fpcross.EquationOUP(d=dim, e=1e-6)
    own.set_grid(n=24, a=-5.0, b=5.0)
    own.set_grid_time(m=20, t=5.0)
    own.set_coef_rhs(linear.drift_matrix(dim))
    own.init()
    demonstration = fpcross.FPCross(own, with_log=False)
    demonstration.solve()
    ours = list(
        itertools.islice(
            solve(printed(dim), FpcrossParameters(nodes=24, steps=20, accuracy=1e-6), context()), 20
        )
    )
    assert ours[-1].reports["time"] == pytest.approx(5.0)
    x = np.random.default_rng(0).standard_normal((400, dim))
    found, expected = ours[-1].state.density(x), demonstration.get(x)
    assert np.max(np.abs(found - expected)) < 1e-5 * np.max(expected)
    stationary = teneva.accuracy(demonstration.Y, own.Ys)
    assert 1e-3 < stationary < 0.1, "the splitting's error, which the adapter has, too"


def test_steps_lower_the_error_and_repeat_bit_by_bit():
    parameters = LinearParameters(dim=2)
    problem, judge = linear.build(parameters, 1), linear.judge(parameters, 1)

    def run():
        found = list(itertools.islice(solve(problem, SMALL, context()), 40 + 80))
        looks = judge.inquiry.looks
        return [judge.headline(c.evaluate(c.state, looks)).value for c in found[39::80]], found

    errors, found = run()
    assert errors[-1] < errors[0] / 2.0 < 0.05, errors
    assert [c.reports["nodes"] for c in found[39::80]] == [24, 32]
    assert abs(found[-1].reports["mass"] - 1.0) < 1e-3
    works = [c.work["evaluations"] for c in found]
    assert works == sorted(works)
    assert run()[0] == errors


def test_laws_in_time_are_followed_from_the_initial_density():
    parameters = GaussianParameters(case="relaxation", dim=2)
    problem, judge = gaussian.build(parameters, 1), gaussian.judge(parameters, 1)
    checkpoints = solve(problem, FpcrossParameters(nodes=30, steps=20), context())
    found = []
    for checkpoint in checkpoints:
        if not found or checkpoint.state is not found[-1].state:
            found.append(checkpoint)
        if len(found) == 2:
            break
    errors = [judge.headline(c.evaluate(c.state, judge.inquiry.looks)).value for c in found]
    assert errors[1] < errors[0], errors
    assert errors[1] < 0.1, errors
    assert len(found[0].state.trains) == len(problem.times)


def test_steps_too_long_for_the_drift_are_passed_over():
    """On the ring the package's own step of .05 leaves the finite numbers."""
    parameters = RingParameters(dim=2)
    problem = ring.build(parameters, 1)
    found = list(itertools.islice(solve(problem, FpcrossParameters(), context()), 6))
    assert [c.reports["nodes"] for c in found][-1] == 40
    stiff = FokkerPlanckProblem(
        dim=2,
        drift=lambda x, t: -1e8 * x**5,
        diffusion=0.5,
        start=np.zeros((1, 2)),
        box=np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )
    with pytest.raises(Diverged, match="5 grids in a row"):
        list(solve(stiff, FpcrossParameters(nodes=10, steps=4), context()))


def test_derivatives_are_those_of_the_drift():
    problem = ring.build(RingParameters(dim=3), 1)
    posed = Posed(problem, Rung(10, 0.1, 1e-4), lambda x: np.ones(len(x)), 0.0, 1.0, 0)
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (20, 3))
    divergence = -4.0 * (5.0 * np.sum(x**2, axis=1) - 3.0)
    assert np.max(np.abs(np.sum(posed.f1(x, 0.3), axis=1) - divergence)) < 1e-6
    assert posed.evaluations == 20 * 6
    assert (posed.m, posed.coef, posed.e) == (10, 0.5, 1e-4)


def test_rungs_halve_steps_and_refine_grids():
    first, second, third = itertools.islice(rungs(FpcrossParameters(), 5.0), 3)
    assert (first.nodes, second.nodes, third.nodes) == (30, 40, 53)
    assert math.isclose(first.step, 0.05) and math.isclose(third.step, 0.0125)
    assert math.isclose(third.accuracy, 1e-6)
