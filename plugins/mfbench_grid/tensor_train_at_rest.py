"""`tensor-train-at-rest` for stationary laws: split steps of a tensor train until nothing moves, with ever shorter steps.

    0 = -div(b p) + D Lap p

1. Coordinates along the axes of a covariance, at first of walkers (`rest_frame`), then of the law itself.
2. A step: noise, exactly; then drift along its paths, p(x) = p(X) e^{-int div b} (`traced_back`), as a train by greedy
   cross approximation. Then the pivots stay as they are, and steps among their values alone, whose paths are traced once
   (`resting_step`), are brought to rest by Anderson's mixing. Pivots are chosen anew, to ever smaller residuals, until
   a new choice changes nothing.
3. With dt, dt/2, dt/4, ... on ever finer grids: at rest log p_dt = log p + c dt^2 + e dt^4 + ..., since the step is
   symmetric; extrapolated as far as the levels confirm these orders (`romberg`). The spacing goes with the root of dt, so
   that an error of the grid of order 6 in it stands between the two, as dt^3.

Source: Chertkov, Oseledets, arXiv 2102.08143 for the splitting; what brings it to rest is ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mfbench.solver import Checkpoint, Context, Diverged
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench_grid.blocks.held_law import Answer
from mfbench_grid.blocks.rest_frame import rest_frame
from mfbench_grid.blocks.resting_march import LOOSE, ROUNDS, Rest
from mfbench_grid.blocks.romberg import WEIGHTS, confirmed, left, rms
from mfbench_grid.tensor_train_at_rest_entry import TensorTrainAtRestParameters

FARTHEST = 3.0
"""Nats by which extrapolation may change an answer at a point."""
CONVERGED = 1e-9
"""Nats from level to level."""
AGAIN = 1e-3
"""First tolerance on all levels but the first, which begin with the law of the level before."""
EASY, EASIER = 1e-5, 1e-1
"""Last tolerance on the first level, whose steps err far more, and its share on the next."""


class LawAtRest(NamedTuple):
    """What the log-density is evaluated from: the last answers, the last one first, and their weights."""

    answers: tuple[Answer, ...]
    weights: tuple[float, ...]


def solve(
    problem: FokkerPlanckProblem, parameters: TensorTrainAtRestParameters, context: Context
) -> Iterator[Checkpoint]:
    """An answer per level of steps, on the first level per tolerance; the last one is yielded meanwhile.

    Reports "change": root mean square, in nats at walkers' places, from the last answer to this one; "rank", the largest;
    "tolerance" of cross approximations, at which the law rests; "total": what a step changed it by before it was set to 1
    again; "unseen": largest error of the last train at walkers' places and farther out, in units of the largest value;
    "lifted": share of walkers' places below the least density believed; "noise": change from the choice of pivots before;
    "left": error that is expected, the larger of noise and what halving the step would still change. Work: "evaluations" of
    the drift. Ends where nothing changes any more, or where a level does not come to rest, or is no better by what is left.

    Raises:
        Diverged: walkers left the finite numbers; nothing ever came to rest.
    """
    rng = np.random.default_rng(context.seed)
    frame, norm = rest_frame(problem, parameters.nodes, rng)
    places = frame.places[0] @ frame.basis.T
    march = Rest(problem, parameters.rank, norm, frame, rng)
    checkpoint: Checkpoint | None = None
    answers: list[Answer] = []
    seen: list[np.ndarray] = []
    shown: np.ndarray | None = None
    tolerance, error = math.inf, math.inf
    for level in range(parameters.levels):
        answer: Answer | None = None
        dt = parameters.step_share / norm / 2**level
        nodes = round(parameters.nodes * 2.0 ** (level / 2))
        accuracy = max(parameters.accuracy, EASY * EASIER**level)

        def enough(here: np.ndarray, error: float = error) -> float:
            """What will be left with this level: of what is left without it, or of its change, if it is the second."""
            return left(min(error, rms(here - seen[-1])), WEIGHTS[1]) if seen else 0.0

        for found in march.over(dt, nodes, AGAIN if level else LOOSE, accuracy, places, enough):
            if found is not None:
                answer = found
            if checkpoint is not None and (found is None or level > 0):
                yield replace(checkpoint, work=march.work)
            elif found is not None:
                checkpoint = Checkpoint(
                    evaluate=log_density,
                    state=LawAtRest((found,), (1.0,)),
                    work=march.work,
                    reports=march.reports,
                )
                yield checkpoint
        if answer is None or not march.at_rest:
            if checkpoint is None:
                raise Diverged(
                    f"tensor-train-at-rest: no rest after {ROUNDS} choices of pivots, rank {march.rank}; a law that is "
                    "nearly a product in no Cartesian frame is not for this method."
                )
            return
        here = answer.log_density(places)
        if seen and march.tolerance > tolerance and march.noise > min(error, rms(here - seen[-1])):
            return
        answers.append(answer)
        seen.append(here)
        weights = confirmed(seen)
        law = LawAtRest(tuple(reversed(answers))[: len(weights)], weights)
        now = log_density(law, places)
        change = math.inf if shown is None else rms(now - shown)
        remaining = max(march.noise, left(change, weights))
        if remaining > error:
            return
        tolerance, shown, error = march.tolerance, now, remaining
        checkpoint = Checkpoint(
            evaluate=log_density,
            state=law,
            work=march.work,
            reports=march.reports | ({} if level == 0 else {"change": change, "left": error}),
        )
        yield checkpoint
        if change < CONVERGED:
            return


def log_density(state: LawAtRest, x: np.ndarray) -> np.ndarray:
    """log p of (n, d) points."""
    last, *others = [answer.log_density(x) for answer in state.answers]
    shift = sum(
        (w * (other - last) for w, other in zip(state.weights[1:], others, strict=True)), np.zeros(len(x))
    )
    return last + np.clip(shift, -FARTHEST, FARTHEST)
