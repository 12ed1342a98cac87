"""`markov-model`: the committor of the process seen at times 0 and t, by Galerkin's method in a linear basis.

With tau the first hit of A or B and the guess g right on both, q = g + sum_j c_j phi_j solves

    E[phi_i(X_0) (q(X_{t ^ tau}) - q(X_0))] = 0 for all i:    sum_j C_ij c_j = -r_i,
    C_ij = E[phi_i(X_0) (phi_j(X_{t ^ tau}) - phi_j(X_0))],   r_i = E[phi_i(X_0) (g(X_{t ^ tau}) - g(X_0))],

for whatever law of X_0: no weights. In rounds of twice as many short trajectories each:

    1. starts among the places seen so far, flat in the logit of the current solution;
    2. a new basis of ridge functions, half of them along the directions in which the last solution varies;
    3. the basis is made orthonormal over all starts, without what hardly varies over them, and C c = -r solved.

The law of the starts is not known, so that no rate follows from them; walkers about A and B, that come to look from
time to time, give it (`blocks/crossings.py`).

Dynamical Galerkin approximation: Thiede, Giannakis, Dinner, Weare, J. Chem. Phys. 150 (2019) 244111; stopped
trajectories: Strahan et al., J. Chem. Theory Comput. 17 (2021) 2948.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks.ansatz import scale_of
from .blocks.crossings import EVERY, Crossings
from .blocks.design import Design
from .blocks.keys import root_key
from .blocks.ridges import Ridges, draw, make_basis
from .blocks.tempering import tempered_places
from .blocks.trajectories import IN_B, NEITHER, make_advance, started, step_of
from .markov_model_entry import MarkovModel

PROBED = 64
"""Places at which the curvature of V is looked at."""
BATCH = 2048
"""Trajectories at a time."""
SAMPLES_PER_FUNCTION = 64
"""Starts for each basis function at least: the sampling error is about the root of their ratio."""
MOST = 2**17
"""Starts kept; beyond, the oldest half is given up."""
EDGE = 1e-3
"""Values are kept this far from 0 and 1 when a logit is asked for."""


class Solution(NamedTuple):
    """Ridges and coefficients (m + 1,)."""

    ridges: Ridges
    coefficients: np.ndarray


def solve(problem: CommittorProblem, parameters: MarkovModel, context: Context) -> Iterator[Checkpoint]:
    """Rounds until stopped; checkpoints also between them, so that the host can stop at any time."""
    jax.config.update("jax_enable_x64", True)
    seeds = [int(s) for s in np.random.SeedSequence(context.seed).generate_state(5)]
    rng, key = np.random.default_rng(seeds[0]), root_key(seeds[1])
    scale = scale_of(problem)
    guess, basis = make_basis(problem, scale, parameters.lift_depth)

    def value(solution: Solution, x: jax.Array) -> jax.Array:
        return jnp.clip(
            guess(x) + basis(solution.ridges, x) @ solution.coefficients.astype(x.dtype), 0.0, 1.0
        )

    evaluated = jax.jit(value)
    slope = jax.jit(jax.grad(lambda solution, x: jnp.sum(value(solution, x)), argnums=1))
    guessed, seen_by = jax.jit(guess), jax.jit(basis)

    def evaluate(solution: Solution, x: np.ndarray) -> jax.Array:
        return evaluated(solution, jnp.asarray(x, jnp.float64))

    def gradient(solution: Solution, x: np.ndarray) -> jax.Array:
        return slope(solution, jnp.asarray(x, jnp.float64))

    def logit(solution: Solution, x: np.ndarray) -> np.ndarray:
        q = np.clip(np.asarray(evaluated(solution, jnp.asarray(x))), EDGE, 1.0 - EDGE)
        return np.log(q) - np.log1p(-q)

    def chance(solution: Solution, x: np.ndarray, side: int) -> np.ndarray:
        q = np.asarray(evaluated(solution, jnp.asarray(x)))
        return q if side == 0 else 1.0 - q

    flat = Ridges(np.zeros((problem.dim, parameters.functions)), np.zeros(parameters.functions))
    solution = Solution(flat, np.zeros(parameters.functions + 1))
    reports: dict[str, float] = {}
    spent = calls = 0

    def checkpoint() -> Checkpoint:
        return Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={
                "evaluations": spent + (crossings.evaluations if crossings else 0),
                "samples": calls * BATCH,
            },
            reports=reports | said,
        )

    said: dict[str, float] = {}
    crossings: Crossings | None = None
    starts = ends = np.empty((0, problem.dim), np.float32)
    hits = np.empty(0, int)
    yield checkpoint()
    places, spent, hot_escaped = tempered_places(problem, seeds[2])
    dt, cost = step_of(problem, places[rng.integers(len(places), size=PROBED)])
    spent += cost
    design, advance, wanted = Design(places, rng), make_advance(problem, dt), 2 * BATCH
    crossings, rates = Crossings(problem, advance, dt, BATCH, (seeds[3], seeds[4])), {}
    metric = np.eye(problem.dim)
    while True:
        while len(starts) < wanted:
            x = design.choose(partial(logit, solution), BATCH)
            now = advance(jax.random.fold_in(key, calls), started(problem, jnp.asarray(x)), parameters.lag)
            calls += 1
            spent += 2 * parameters.lag * BATCH
            if calls % EVERY == 1:
                crossings.look_for(parameters.lag, partial(chance, solution))
                # Not by the guess, before the first solution.
                rates = crossings.reports(partial(chance, solution)) if reports else {}
            escaped = {"walkers_escaped": advance.escaped, "hot_walkers_escaped": hot_escaped}
            said = rates | escaped
            end, hit = np.asarray(now.x), np.asarray(now.last)
            design.add(end[hit == NEITHER])
            starts, ends = np.concatenate([starts, x]), np.concatenate([ends, end])
            hits = np.concatenate([hits, hit])
            yield checkpoint()

        number = min(parameters.functions, len(starts) // SAMPLES_PER_FUNCTION)
        parts = [
            draw(starts, scale, matrix, n, rng)
            for matrix, n in ((np.eye(problem.dim), number // 2), (metric, number - number // 2))
        ]
        idle = parameters.functions - number
        ridges = Ridges(
            np.concatenate([*(p.w for p in parts), np.zeros((problem.dim, idle))], axis=1),
            np.concatenate([*(p.b for p in parts), np.zeros(idle)]),
        )
        here, there = (by_parts(partial(seen_by, ridges), x) for x in (starts, ends))
        # The set that a trajectory has hit counts, not the place: half of the steps that hit one end outside it.
        stopped = hits != NEITHER
        there[stopped] = 0.0
        change = np.where(stopped, hits == IN_B, by_parts(guessed, ends)) - by_parts(guessed, starts)
        coefficients, kept = galerkin(here, there, change, parameters.tolerance)
        solution = Solution(ridges, coefficients)
        slopes = by_parts(partial(slope, solution), starts)
        metric = slopes.T @ slopes / len(slopes)
        reports = {"functions": float(kept), "time_step": dt, "lag": dt * parameters.lag}
        yield checkpoint()
        if wanted == MOST:
            starts, ends, hits = starts[MOST // 2 :], ends[MOST // 2 :], hits[MOST // 2 :]
        wanted = min(2 * wanted, MOST)


def by_parts(function: Callable[[jax.Array], jax.Array], x: np.ndarray) -> np.ndarray:
    """function(x) in float64, BATCH rows at a time; x has a multiple of that many."""
    parts = [np.asarray(function(jnp.asarray(x[i : i + BATCH]))) for i in range(0, len(x), BATCH)]
    return np.concatenate(parts).astype(float)


def galerkin(
    here: np.ndarray, there: np.ndarray, change: np.ndarray, tolerance: float
) -> tuple[np.ndarray, int]:
    """Coefficients (m,) of C c = -r in the basis' main components, and how many these are.

    Args:
        here, there: (n, m) basis functions at X_0 and at X_{t ^ tau}.
        change: (n,) g(X_{t ^ tau}) - g(X_0).
        tolerance: components whose root mean square is below this share of the largest are left out: sampling
            noise would be all that decides them.
    """
    sizes, axes = np.linalg.eigh(here.T @ here / len(here))
    kept = sizes > tolerance**2 * sizes[-1]
    turn = axes[:, kept] / np.sqrt(sizes[kept])
    test = here @ turn
    matrix = test.T @ ((there - here) @ turn) / len(here)
    return turn @ np.linalg.solve(matrix, -(test.T @ change) / len(here)), int(np.sum(kept))
