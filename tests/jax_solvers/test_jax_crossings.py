"""Rates by crossings against quadrature, with the exact committor in the place of a solution."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mfbench import Context
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax import splitting
from mfbench_jax.blocks.crossings import Crossings, by_rows, chance_of
from mfbench_jax.blocks.design import LOOKED_AT
from mfbench_jax.blocks.rates import ratio
from mfbench_jax.blocks.trajectories import make_advance, step_of
from mfbench_jax.splitting_entry import Splitting

BETA = 4.0
GRID = np.linspace(-3.0, 3.0, 60_001)


def height(x):
    """Two wells of unlike depth."""
    return (x**2 - 1.0) ** 2 + 0.15 * x


@pytest.fixture(scope="module")
def line():
    """(problem, q on GRID, k_AB, k_BA, nu): nu = 1 / (beta Z int e^{beta V}), k_AB = nu / int (1 - q) dmu."""
    problem = CommittorProblem(
        dim=1,
        beta=BETA,
        potential=lambda x: height(x[:, 0]),
        boundary_a=lambda x: x[:, 0] + 0.9,
        boundary_b=lambda x: 0.9 - x[:, 0],
        start_a=np.array([[-1.0]]),
        start_b=np.array([[1.0]]),
        box=np.array([[-3.0], [3.0]]),
    )
    rise = np.where(np.abs(GRID) <= 0.9, np.exp(BETA * height(GRID)), 0.0)
    step = GRID[1] - GRID[0]
    q = np.cumsum(rise) / np.sum(rise)
    mu = np.exp(-BETA * height(GRID))
    nu = 1.0 / (BETA * np.sum(mu) * step * np.sum(rise) * step)
    mu /= np.sum(mu)
    return problem, q, nu / np.sum((1 - q) * mu), nu / np.sum(q * mu), nu


def walked(line, steps, looks, number=512, region=None):
    """The reports after so many looks, and the walkers."""
    problem, q = line[:2]
    dt = step_of(problem, np.array([[-1.0], [1.0]]))[0] / 2.0
    crossings = Crossings(problem, make_advance(problem, dt), dt, number, (1, 2))

    def chance(x, side):
        there = np.interp(x[:, 0], GRID, q)
        return there if side == 0 else 1.0 - there

    for _ in range(looks):
        if region is None:
            crossings.look_for(steps, chance)
        else:
            crossings.look(steps, region)
    return crossings.reports(chance), crossings


@pytest.mark.parametrize(
    ("steps", "looks", "close"),
    [(128, 8, 0.3), *(pytest.param(n, 4000 // n, 0.08, marks=pytest.mark.slow) for n in (4, 32, 256))],
)
def test_the_rate_is_exact_however_far_looks_lie_apart(line, steps, looks, close):
    """Each within 4 of its own errors, and nu's are a few per cent: for three numbers a false alarm in 5000."""
    reports = walked(line, steps, looks)[0]
    assert abs(reports["rate"] - line[4]) < 4 * reports["rate_error"]
    assert reports["rate_error"] < close * reports["rate"]
    for name, truth in zip(("rate_ab", "rate_ba"), line[2:4], strict=True):
        # Of both, the error of one is at most that of nu times (k_AB + k_BA)^2 / k^2.
        other = sum(line[2:4]) - truth
        assert abs(reports[name] - truth) < 4 * reports["rate_error"] * (1 + truth / other) ** 2


@pytest.mark.slow
@pytest.mark.parametrize("stretch", [4, 32, 256])
def test_so_is_that_of_splitting(line, stretch):
    """Most transitions take less than 256 steps: they have no exit. Four of its own errors, by some 30 groups of walkers."""
    context = Context(seed=3, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    parameters = Splitting(stretch=stretch, paths=256, replicas=8, width=16)
    for checkpoint in splitting.solve(line[0], parameters, context):
        if checkpoint.reports.get("rounds_b", 0.0) >= 4.0:
            break
    reports = checkpoint.reports
    assert abs(reports["rate"] - line[4]) < 4 * reports["rate_error"]
    assert reports["rate_error"] < 0.1 * reports["rate"]


def test_nothing_is_told_of_what_nobody_sees(line):
    """Before ten walkers about each set have entered, and where the region is empty."""
    reports, crossings = walked(line, 4, 6, region=lambda x, side: np.zeros(len(x), bool), number=16)
    assert reports == {}
    assert crossings.evaluations == 2 * 2 * 4 * 16 * 6


def test_a_ratio_of_sums_and_its_error():
    """By the delta method, against the spread over many sets of walkers."""
    rng = np.random.default_rng(3)
    times = rng.uniform(1.0, 2.0, (4000, 50))
    counts = rng.poisson(0.7 * times)
    found = np.array([ratio(c, t) for c, t in zip(counts, times, strict=True)])
    assert abs(np.mean(found[:, 0]) - 0.7) < 4 * np.std(found[:, 0]) / 4000**0.5
    assert np.mean(found[:, 1]) == pytest.approx(np.std(found[:, 0]), rel=0.05)


def test_places_are_looked_at_in_portions_of_one_size():
    sizes = []

    def logit(x):
        sizes.append(len(x))
        return x[:, 0]

    x = np.linspace(-3.0, 3.0, 2 * LOOKED_AT + 5)[:, None]
    there, back = (by_rows(chance_of(logit), x, side) for side in (0, 1))
    np.testing.assert_allclose(there, 1.0 / (1.0 + np.exp(-x[:, 0])), rtol=1e-12)
    np.testing.assert_allclose(back, 1.0 - there, rtol=1e-12)
    assert set(sizes) == {LOOKED_AT} and len(by_rows(chance_of(logit), x[:0], 0)) == 0
