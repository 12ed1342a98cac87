"""Outcomes of trajectories as targets of a solution: a squared loss beside the Ritz energy.

    C[f] / C + lambda(n) mean of (f(x) - y)^2,    lambda(n) = WEIGHT n / (n + HALF),

with y = 1 for a trajectory from x that ended in B, y = 0 in A, and n such coins. For k shots from one place the sum of
(f - y)^2 is k (f - mean of y)^2 plus what no f changes: the loss is that of means of shots, and shots from
different places say more than as many from one. No trajectory is cut short; one under way goes on in the next lesson.
The minimum over f is q whatever law the places have, so that wrong weights of mu are corrected; but for the trajectories
that are still under way, the longest ones, which are few beside those that have ended once many have.

Hasyim, Batton, Mandadapu, arXiv 2107.13522, have the term with 50 or so shots from each place and raise its weight
while they train, without a bound that would be known beforehand; here it is bounded and follows the evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .design import Design
from .outcomes import Coins
from .shots import Shots
from .trajectories import make_advance, step_of

PROBED = 64
"""Places at which the curvature of V is looked at."""
TRAJECTORIES = 64
"""At a time."""
STRETCH = 16
"""Time steps of each in one lesson."""
BATCH = 256
CAPACITY = 2**16
"""Coins kept."""
WEIGHT = 10.0
HALF = 2000
"""Coins at which the term has half its weight."""


class Lesson(NamedTuple):
    """Batches of coins, places (k, BATCH, d) and outcomes (k, BATCH), and the weight of the loss in each (k,)."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray


def weight_of(coins: int, most: float = WEIGHT) -> float:
    """lambda(n), in units of the Ritz energy, and below `most`."""
    return most * coins / (coins + HALF)


def make_loss(
    logit: Callable[[Any, jax.Array], jax.Array],
) -> Callable[[Any, Any, Lesson | None], jax.Array]:
    """(params, walkers, lesson) -> its weight times the mean of (f - y)^2, for a logit of f, 0 without a lesson; walkers
    have no say."""

    def loss(params: Any, _: Any, lesson: Lesson | None) -> jax.Array:
        if lesson is None:
            return jnp.zeros(())
        return lesson.weight * jnp.mean((jax.nn.sigmoid(logit(params, lesson.x)) - lesson.y) ** 2)

    return loss


def lesson_of(coins: Coins, rng: np.random.Generator, batches: int, most: float = WEIGHT) -> Lesson:
    """Batches out of the coins so far, of a weight below `most`; 0 while there are none."""
    weight = np.full(batches, weight_of(coins.seen, most), np.float32)
    if not len(coins):
        x = np.zeros((batches, BATCH, coins.x.shape[1]), np.float32)
        return Lesson(x, np.zeros((batches, BATCH), np.float32), weight)
    return Lesson(*coins.batches(rng, batches, BATCH), weight)


class Teacher:
    """Shots from where walkers have been, and what they have taught.

    Args:
        problem: the problem.
        places: (m, d) first ones outside A and B.
        seed: of starts and noise.

    Attributes:
        evaluations: points at which grad V was evaluated, so far.
    """

    def __init__(self, problem: CommittorProblem, places: np.ndarray, seed: int) -> None:
        seeds = np.random.SeedSequence(seed).generate_state(2)
        self._rng = np.random.default_rng(seeds[0])
        self.time_step, self._spent = step_of(problem, places[self._rng.integers(len(places), size=PROBED)])
        self._advance = make_advance(problem, self.time_step)
        self._shots = Shots(problem, self._advance, TRAJECTORIES, int(seeds[1]))
        self._design, self._coins = Design(places, self._rng), Coins(problem.dim, CAPACITY)

    @property
    def evaluations(self) -> int:
        """Points at which grad V was evaluated."""
        return self._spent + self._shots.evaluations

    @property
    def reports(self) -> dict[str, float]:
        """What is said of the shots."""
        return {
            "shots": self._shots.ended,
            "share_b": self._shots.ended_b / max(self._shots.ended, 1),
            "longest_under_way": self._shots.longest * STRETCH * self.time_step,
            "supervised_weight": weight_of(self._coins.seen),
            "shots_escaped": self._advance.escaped,
        }

    def lesson(self, logit: Callable[[np.ndarray], Any], walkers: np.ndarray, batches: int) -> Lesson:
        """All trajectories a stretch further, and batches out of the coins so far; weight 0 while there are none.

        Args:
            logit: (m, d) places -> their logits by the current solution.
            walkers: (n, d) places outside A and B where walkers are.
            batches: k.
        """
        self._design.add(walkers)
        free = self._shots.free
        if len(free):
            self._shots.start(self._design.choose(logit, len(free)))
        ended = self._shots.run(STRETCH)
        self._coins.add(ended.x, ended.y)
        return lesson_of(self._coins, self._rng, batches)
