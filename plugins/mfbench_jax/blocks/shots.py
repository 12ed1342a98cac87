"""A pool of trajectories that run to their ends, each with a few places noted on its way."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .keys import root_key
from .trajectories import IN_A, IN_B, NEITHER, Advance, Trajectories, started

NOTES = 24
"""Places noted at most: after 0, 1, 2, 4, ..., 2^22 stretches."""


class Ended(NamedTuple):
    """What is known of trajectories that have ended.

    Args:
        x: (m, d) places that they passed.
        y: (m,) the outcomes there: 1 for B, 0 for A.
        slots: (k,) numbers of the trajectories.
        in_b: (k,) booleans, False for A.
    """

    x: np.ndarray
    y: np.ndarray
    slots: np.ndarray
    in_b: np.ndarray


class Shots:
    """Trajectories from given starts, a fixed number at a time.

    The times at which places are noted are fixed beforehand; a choice that looked at the whole path, such as one
    place at random from each, would favour places from which paths are long.

    Args:
        problem: gives the sets.
        advance: the dynamics.
        number: of trajectories at a time, n.
        seed: of their noise.

    Attributes:
        ended, ended_b: trajectories that have ended, and those of them in B.
        evaluations: points at which grad V was evaluated.
    """

    def __init__(self, problem: CommittorProblem, advance: Advance, number: int, seed: int) -> None:
        self.ended = self.ended_b = self.evaluations = 0
        self._advance, self._key, self._calls = advance, root_key(seed), 0
        self._started = jax.jit(partial(started, problem))
        self._x = np.zeros((number, problem.dim), np.float32)
        self._busy = np.zeros(number, bool)
        self._stretches = np.zeros(number, int)
        self._notes = np.zeros((number, NOTES, problem.dim), np.float32)
        self._noted = np.zeros(number, int)

    @property
    def free(self) -> np.ndarray:
        """Numbers of the trajectories that wait for a start."""
        return np.flatnonzero(~self._busy)

    @property
    def busy(self) -> np.ndarray:
        """(n,) which are under way."""
        return self._busy.copy()

    @property
    def x(self) -> np.ndarray:
        """(n, d) where all are, or have ended."""
        return self._x

    @property
    def longest(self) -> int:
        """Stretches that the oldest trajectory under way has taken."""
        return int(np.max(self._stretches[self._busy], initial=0))

    def start(self, x: np.ndarray) -> None:
        """Give starts, (m, d), one to each of the first m free ones."""
        free = self.free[: len(x)]
        self._x[free], self._busy[free], self._stretches[free], self._noted[free] = x, True, 0, 0

    def run(self, steps: int) -> Ended:
        """All that are under way a stretch of so many steps further: what became of those that ended in it."""
        self._note()
        key = jax.random.fold_in(self._key, self._calls)
        begun = self._started(self._x)
        # Those that wait for a start stay where they are, as if they had come to A.
        now = self._advance(key, begun._replace(last=jnp.where(self._busy, begun.last, IN_A)), steps)
        self._calls += 1
        self.evaluations += 2 * steps * len(self._x)
        return self._collected(now)

    def _note(self) -> None:
        """Note the places of those that have taken 0, 1, 2, 4, ... stretches."""
        due = self._busy & (self._stretches & (self._stretches - 1) == 0) & (self._noted < NOTES)
        self._notes[due, self._noted[due]] = self._x[due]
        self._noted[due] += 1

    def _collected(self, now: Trajectories) -> Ended:
        self._x = np.array(now.x)
        self._stretches += 1
        where = np.asarray(now.last)
        over = self._busy & (where != NEITHER)
        self._busy &= ~over
        kept, in_b = np.arange(NOTES) < self._noted[over, None], where[over] == IN_B
        y = np.broadcast_to(in_b[:, None], kept.shape)[kept]
        self.ended += len(in_b)
        self.ended_b += int(np.sum(in_b))
        return Ended(self._notes[over][kept], y.astype(np.float32), np.flatnonzero(over), in_b)
