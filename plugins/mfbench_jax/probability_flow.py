"""log p(x, t) of a time-dependent Fokker-Planck problem by its probability flow, dp/dt = -div((b - div D - D s) p).

1. A few points with the nearest affine score at every moment (`blocks/affine_flow.py`). Where start, drift and noise are a
   Gaussian's, this is the law to 1e-8, and the end.
2. Else sweeps: an ensemble moves by a score that is an affine map plus a tanh network, matched to it at each moment, the
   same for all bodies where the problem's particles are exchangeable (`blocks/flow_sweep.py`, `blocks/score_fit.py`).
   log p anywhere comes from the way back along a characteristic: it is positive and normalised whatever the score.
3. The answer is that of the sweep with the least bound of KL(p | truth) by members that its scores were not matched to.
   After it, the next has twice the members and units, shorter steps and a smaller ridge; after one that is lost or worse,
   the same sizes and a larger ridge, at last shorter steps.

The force of a law on itself is that of members on each other. Noise may depend on place and time and be degenerate: only D s
enters, and the law has a score at all times if it has one at the start.

The error is that of the score, summed up over time; and that of the explicit match feeds on itself, as the scores to be
matched are those of the law that the last ones made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import jax
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.transient import TransientProblem, at_times

from .blocks.affine_flow import AffineFlow, Pullback
from .blocks.characteristics import Characteristics
from .blocks.flow_start import Draws
from .blocks.flow_steps import HELD_OUT, Flow, Node
from .blocks.flow_sweep import Lost, Sizes, Sweep
from .probability_flow_entry import ProbabilityFlowParameters

EXACT = 1e-6
"""Relative departure from an affine flow, below which the law is taken for a Gaussian's."""
AFFINE_POINTS, SPARE = 500, 16
"""Points of the affine flow: at least so many, and so many more than dimensions."""
SHARPENING = 0.8
"""The pair of time steps shrinks by this after a sweep that was the best."""
RELEASE, TIGHTENING, LEAST_RIDGE, MOST_RIDGE = 10.0, 100.0, 1e-10, 1e-2
"""The ridge falls by the first after such a sweep, and rises by the second after any other."""
WORST_BOUND = 1.0
"""Nats per dimension, from which on a bound says nothing and the sweep counts as lost."""
FARTHEST = 20.0
"""Nats below the least log-density of a member at t = 0, beyond which no way may end."""


class State(NamedTuple):
    """An answer: for each of the times (T,) an affine map back to t = 0, and the nodes of a way back, if there is one.

    A point whose way ends where log p_0 is below `least` was lost by it, and has the value of the affine map.
    """

    times: np.ndarray
    pullbacks: tuple[Pullback, ...]
    ways: tuple[tuple[Node, ...], ...]
    least: float


def solve(
    problem: TransientProblem, parameters: ProbabilityFlowParameters, context: Context
) -> Iterator[Checkpoint]:
    """A checkpoint for the affine flow, then one per pair of time steps; the answer changes when a sweep is the best.

    Reports "departure" from an affine flow, "lost" sweeps, and of the best sweep "kl_bound" at the horizon (a true bound
    for a law that does not act on itself, up to held-out members' scatter), "entropy" there, "units", "members",
    "steps" and the "ridge". Work counts evaluations of the drift. Ends by itself where the law is a Gaussian.

    Raises:
        Diverged: points of the affine flow left the finite numbers.
    """
    jax.config.update("jax_enable_x64", True)
    p, rng, dim = parameters, np.random.default_rng(context.seed), problem.dim
    bodies = 1 if problem.particles is None else problem.particles[0]
    draws = Draws(problem, rng)
    characteristics = Characteristics(problem, bodies, draws.regular, draws.gaussian is None)
    directions = min(dim, p.directions)
    affine = AffineFlow(characteristics, draws.members(max(AFFINE_POINTS, dim + SPARE)))
    flow = Flow(characteristics, p.explicit, p.rate, p.batch)
    begin = jax.jit(problem.initial_log_density)

    def log_density(state: State, x: np.ndarray) -> np.ndarray:
        def at(number: int, points: np.ndarray) -> np.ndarray:
            matrix, shift, volume = state.pullbacks[number]
            values = np.asarray(begin(points @ matrix.T + shift)) + volume
            if not state.ways:
                return values
            origin, gained = flow.origin(state.ways[number], points)
            first = np.asarray(begin(origin))
            arrived = np.isfinite(first + gained) & (first > state.least)
            return np.where(arrived, first + gained, values)

        return at_times(x, state.times, at)

    state = State(np.array(problem.times), affine.pullbacks, (), -math.inf)
    reports = {"departure": affine.departure, "lost": 0.0}
    evaluations = draws.evaluations + affine.evaluations
    cost = cost_of_rates(directions)

    def answer(more: int = 0) -> Checkpoint:
        return Checkpoint(
            evaluate=log_density, state=state, work={"evaluations": evaluations + more}, reports=dict(reports)
        )

    yield answer()
    if draws.gaussian and affine.departure < EXACT:
        return
    sizes, least = Sizes(p.members, p.units, p.tuning, p.step_share, p.ridge), WORST_BOUND * dim
    while True:
        held = sizes.members // HELD_OUT
        around = round(p.around * sizes.members) if p.explicit else 0
        parts = (
            draws.members(sizes.members - held - around),
            draws.around(around, p.stretch),
            draws.members(held),
        )
        start = draws.followed(np.concatenate(parts))
        # Members drawn about the law are none of its masses.
        masses = min(p.masses, len(parts[0]))
        sweep = Sweep(flow, sizes, start, masses, p.directions, p.max_steps, rng)

        def spent(sweep: Sweep = sweep) -> int:
            matches = sweep.rate_points * (not p.explicit) + sweep.match_points
            return (
                cost * sweep.rate_points
                + 2 * (1 + dim) * sweep.norm_points
                + (1 if p.explicit else 2 + dim) * matches
            )

        try:
            for _ in sweep.run(least):
                yield answer(spent())
            better = True
        except Lost:
            better = False
        evaluations += spent()
        if better:
            least = sweep.bound
            ways = tuple(tuple(sweep.nodes[: k + 1]) for k in sweep.reached)
            state = state._replace(ways=ways, least=float(np.min(start.log_p)) - FARTHEST)
            reports |= {
                "kl_bound": least,
                "entropy": sweep.entropy,
                "units": float(sizes.units),
                "members": float(sizes.members),
                "steps": float(len(sweep.nodes) - 1),
                "ridge": sizes.ridge,
            }
            sizes = Sizes(
                2 * sizes.members,
                min(2 * sizes.units, p.most_units),
                p.tuning,
                SHARPENING * sizes.step_share,
                max(sizes.ridge / RELEASE, LEAST_RIDGE),
            )
        else:
            reports["lost"] += 1.0
            sizes = tightened(sizes, p.ridge)
        yield answer()


def tightened(sizes: Sizes, first_ridge: float) -> Sizes:
    """After a sweep that was lost or worse: a larger ridge; where it is the largest, shorter steps and the first one."""
    if sizes.ridge < MOST_RIDGE:
        return sizes._replace(ridge=min(sizes.ridge * TIGHTENING, MOST_RIDGE))
    return sizes._replace(ridge=first_ridge, step_share=SHARPENING * sizes.step_share)


def cost_of_rates(directions: int) -> int:
    """Evaluations of the drift for the rates at one point, at most.

    Value and pull-back, and in each direction a derivative and its pull-back in two arguments; twice, as the drift is a
    guide, too; and once for the match.
    """
    return 2 * (2 + 3 * directions) + 1
