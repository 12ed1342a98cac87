"""The rates of the stored references by a second route: exits of a set, times the chance to reach the other one.

A reference counts the passages of a long run. Here the way across is taken in parts, as in transition interface sampling
(van Erp, Moroni, Bolhuis, J. Chem. Phys. 118 (2003) 7762), by splitting with a fixed effort for each level:

    1. walkers count their exits: the first look, since they last met A, at which their progress is above the first level;
    2. paths from these places are followed until they meet A or the next level, and those that got there are drawn again,
       until they meet B; the product of the shares is an unbiased estimate of the chance, whatever the measure of progress;
    3. k_AB is exits per time with A met last, times that chance; nu = 1 / (1 / k_AB + 1 / k_BA).

Nothing is shared with the reference: the process is that of the problem's own functions, of which jax finds the derivatives,
in double precision, with numpy's normals and another integrator (Heun where the reference splits, Euler-Maruyama where it
takes Heun). Groups of walkers and their paths are independent: the jackknife over them gives the error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_committor.shooting import store
from mfbench_committor.shooting.reference import SIGMAS as REFERENCE_SIGMAS
from mfbench_committor.shooting.standing import ENTRIES, standing_problems

GROUPS = 20
SIGMAS = 4.0
"""False alarms: 1 in 1300 for each instance, by Student's law with 19 degrees of freedom; seeds are fixed."""
DISTANT = 30.0
"""Bridges with beta g g' / dt above this are not drawn."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """How one instance is sampled.

    Args:
        order: 1 for Euler-Maruyama, 2 for Heun.
        step: dt.
        levels: of progress, the first that of exits.
        burn_in, time: before exits count, and while they do.
        walkers: of each group, half of them from A.
        paths: of each group, for each level and side.
    """

    order: int
    step: float
    levels: tuple[float, ...]
    burn_in: float
    time: float
    walkers: int = 16
    paths: int = 40


CASES = {
    "ginzburg-landau-dim_8-temperature_1.4-width_0.17": Case(
        order=2, step=3e-3, levels=(0.2, 0.5), burn_in=1.0, time=3.0
    ),
    "ginzburg-landau-dim_50-temperature_16-width_0.03": Case(
        order=2, step=2e-3, levels=(0.3,), burn_in=4.0, time=12.0
    ),
    "ginzburg-landau-dim_50-temperature_8-width_0.03": Case(
        order=2, step=2e-3, levels=(0.1, 0.3), burn_in=3.0, time=15.0
    ),
    "lattice-field-temperature_0.35": Case(
        order=2, step=0.04, levels=(0.15, 0.4, 0.65), burn_in=50.0, time=150.0
    ),
    "lattice-field-temperature_0.3": Case(
        order=2, step=0.04, levels=(0.15, 0.35, 0.55, 0.75), burn_in=50.0, time=150.0
    ),
    "lj7-beta_5": Case(order=1, step=4e-4, levels=(0.3, 0.6), burn_in=1.5, time=3.0),
    "solvated-dimer-temperature_1": Case(
        order=1, step=5e-5, levels=(0.25, 0.5), burn_in=0.05, time=0.25, paths=80
    ),
}
STANDING = {
    stem: (family, problem) for family in ENTRIES for stem, problem in standing_problems(family).items()
}


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


class Process:
    """A problem's process; a walker is a row (d + 4) of its place, phi_A, phi_B and its distances from both to first order.

    Args:
        problem: as solvers see it.
        case: integrator and step.
        seed: of the noise and of what is drawn.
    """

    def __init__(self, problem, case, seed):
        self.dim, self.rng = problem.dim, np.random.default_rng(seed)
        step, self._scale = case.step, math.sqrt(2.0 * case.step / problem.beta)
        self._sharp = problem.beta / step
        slope = jax.grad(lambda x: jnp.sum(problem.potential(x)))

        def row(x):
            columns = [x]
            for function in (problem.boundary_a, problem.boundary_b):
                values, back = jax.vjp(function, x)
                size = jnp.linalg.norm(back(jnp.ones(len(x)))[0], axis=1)
                columns += [values[:, None], (values / size)[:, None]]
            return jnp.concatenate([columns[i] for i in (0, 1, 3, 2, 4)], axis=1)

        def moved(x, noise):
            along = slope(x)
            if case.order == 2:
                along = (along + slope(x - step * along + noise)) / 2.0
            return row(x - step * along + noise)

        self._row, self._moved = jax.jit(row), jax.jit(moved)

    def start(self, x):
        """Rows of places (n, d)."""
        return np.array(self._row(x))

    def advance(self, rows):
        """Rows one step later, and (2, n) whether A and B were met meanwhile, by the Brownian bridge between its ends."""
        x, before = rows[:, : self.dim], rows[:, -2:].T
        rows = np.array(self._moved(x, self._scale * self.rng.standard_normal(x.shape)))
        after = rows[:, -2:].T
        exponent = np.maximum(before, 0.0) * after * self._sharp
        met = after <= 0
        near = np.nonzero(~met & (exponent < DISTANT))
        met[near] = self.rng.random(len(near[0])) < np.exp(-exponent[near])
        return rows, met


def progress(rows, side):
    """(n,) phi_home / (phi_A + phi_B), home A for side 0 and B for side 1: from 0 there to 1 at the other set."""
    phi = rows[:, -4:-2]
    return phi[np.arange(len(rows)), side] / np.sum(phi, axis=1)


def exits(problem, process, case):
    """Step 1: (2, GROUPS) rows at exits from A and from B, and times with that set met last."""
    group = np.arange(GROUPS * case.walkers) // case.walkers
    number = np.arange(len(group))
    last, armed = number % 2, np.ones(len(group), bool)
    starts = np.stack([points[number % len(points)] for points in (problem.start_a, problem.start_b)])
    rows = process.start(starts[last, number])
    found = [[[] for _ in range(GROUPS)] for _ in (0, 1)]
    times, passages = np.zeros((2, GROUPS)), 0
    first, steps = round(case.burn_in / case.step), round((case.burn_in + case.time) / case.step)
    for k in range(steps):
        rows, met = process.advance(rows)
        passages += np.count_nonzero(met[1 - last, number]) * (k >= first)
        last = np.where(met[0], 0, np.where(met[1], 1, last))
        home = met[0] | met[1]
        gone = np.flatnonzero((armed | home) & ~home & (progress(rows, last) >= case.levels[0]))
        armed |= home
        armed[gone] = False
        if k >= first:
            for walker in gone:
                found[last[walker]][group[walker]].append(rows[walker])
            times += case.step * np.stack([np.bincount(group[last == s], minlength=GROUPS) for s in (0, 1)])
    print("passages on the way:", passages)
    return found, times


def followed(process, rows, sides, level, batch):
    """Paths from rows until they meet home, or a level of progress or the goal: whether not home, where, whether the goal.

    So many at a time; who has ended gives its place to the next.
    """
    ends, hit, arrived = rows.copy(), progress(rows, sides) >= level, np.zeros(len(rows), bool)
    waiting = np.flatnonzero(~hit)
    running = np.resize(waiting, batch)
    busy, taken = np.arange(batch) < len(waiting), min(batch, len(waiting))
    now = rows[running] if len(waiting) else rows[:0]
    while np.any(busy):
        now, met = process.advance(now)
        side, slots = sides[running], np.arange(batch)
        home, goal = met[side, slots], met[1 - side, slots]
        there = ~home & (goal | (progress(now, side) >= level))
        reached = np.flatnonzero(busy & there)
        ends[running[reached]], hit[running[reached]] = now[reached], True
        arrived[running[reached]] = goal[reached]
        done = np.flatnonzero(busy & (home | there))
        fresh = waiting[taken : taken + len(done)]
        taken += len(fresh)
        running[done[: len(fresh)]] = fresh
        now[done[: len(fresh)]] = rows[fresh]
        busy[done[len(fresh) :]] = False
    return hit, ends, arrived


def chances(process, found, case):
    """Step 2: (2, GROUPS) the chance to meet the goal before home from the exits of each side and group."""
    pools = [pool for side in found for pool in side]
    rows = np.stack([pool[i] for pool in pools for i in process.rng.integers(len(pool), size=case.paths)])
    sides = np.arange(len(rows)) // (GROUPS * case.paths)
    product, arrived = np.ones(len(pools)), np.zeros(len(rows), bool)
    for level in (*case.levels[1:], math.inf):
        hit, free = arrived.copy(), np.flatnonzero(~arrived)
        hit[free], rows[free], arrived[free] = followed(
            process, rows[free], sides[free], level, GROUPS * case.walkers
        )
        share = np.mean(hit.reshape(len(pools), case.paths), axis=1)
        product *= share
        print("to", level, "shares", [f"{np.mean(part):.3f}" for part in np.split(share, 2)])
        for pool in np.flatnonzero(share):
            own = slice(pool * case.paths, (pool + 1) * case.paths)
            drawn = own.start + process.rng.choice(np.flatnonzero(hit[own]), case.paths)
            rows[own], arrived[own] = rows[drawn], arrived[drawn]
    return product.reshape(2, GROUPS)


def rate_by_parts(problem, case, seed):
    """nu and its standard error."""
    process = Process(problem, case, seed)
    found, times = exits(problem, process, case)
    number = np.array([[len(pool) for pool in side] for side in found])
    print("exits", np.sum(number, axis=1), "least of a group", np.min(number))
    assert np.all(number > 0), "every group has exits from both sets"
    passages = number * chances(process, found, case)

    def nu(kept):
        return 1.0 / np.sum(np.sum(times[:, kept], axis=1) / np.sum(passages[:, kept], axis=1))

    without = np.array([nu(np.arange(GROUPS) != group) for group in range(GROUPS)])
    error = math.sqrt((GROUPS - 1) * np.mean((without - np.mean(without)) ** 2))
    return nu(np.full(GROUPS, True)), error


def test_the_route_finds_an_exact_rate():
    """The double well in two dimensions, of which ten passages are seen while exits are counted."""
    parameters = DoubleWellParameters(dim=2, temperature=0.25, levels="exact")
    problem, exact = double_well.build(parameters, 3), double_well.judge(parameters, 3).rate.value
    case = Case(order=2, step=1e-2, levels=(0.1, 0.3), burn_in=0.5, time=3.0)
    nu, error = rate_by_parts(problem, case, 1)
    print(f"nu {nu:.4g} +- {error:.2g} against {exact:.4g}")
    assert error < 0.15 * exact
    assert abs(nu - exact) < SIGMAS * error


def test_every_stored_rate_has_a_case():
    assert set(CASES) == set(STANDING)


@pytest.mark.slow
@pytest.mark.parametrize("stem", CASES)
def test_rates_by_parts_are_those_of_the_long_runs(stem):
    """Within 4 standard errors of both together, which are below .15 of the rate."""
    family, standing = STANDING[stem]
    entry = ENTRIES[family]
    parameters = entry.parameters(**standing.values, levels="exact")
    problem = import_module(entry.build.partition(":")[0]).build(parameters, 5)
    stored = store.load(stem)
    nu, error = rate_by_parts(problem, CASES[stem], 1)
    stored_error = stored.rate_error / REFERENCE_SIGMAS
    both = math.hypot(error, stored_error)
    print(f"{stem}: nu {nu:.4g} +- {error:.2g} against {stored.rate:.4g} +- {stored_error:.2g}")
    assert both < 0.15 * stored.rate
    assert abs(nu - stored.rate) < SIGMAS * both
