"""How often the process leaves a set up to a level, and where: the flux that splitting starts from.

In equilibrium every transition from home to goal has exactly one last exit: a look, every so many steps, at which
the score is at or above a level for the first time since home was hit; or none, if it takes place between two looks. Hence

    rate of transitions = (exits x P(goal before home | exit) + arrivals without one) / time spent with home hit last,

however far looks lie apart.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .keys import root_key
from .trajectories import IN_A, IN_B, NEITHER, Advance, started


class Exits(NamedTuple):
    """What a count has seen.

    Args:
        x: (m, d) places of the exits, m >= 0.
        who: (m,) the walker of each.
        arrived: (n,) arrivals of each walker at the goal without an exit.
        time: (n,) that each has walked.
    """

    x: np.ndarray
    who: np.ndarray
    arrived: np.ndarray
    time: np.ndarray


class Home:
    """Walkers about one of the sets, which go on when they hit it and start anew when they hit the other one.

    One that was counted stops at home, if it comes there, until the next walk: what it does from there is not yet counted.

    Args:
        problem: the problem.
        advance: its dynamics.
        side: 0 for A as home, 1 for B.
        number: of walkers.
        seed: of their noise and starts.

    Attributes:
        evaluations: points at which grad V was evaluated.
        arrived: (n,) who in the last walk has hit the other set without having been counted since home.
    """

    def __init__(
        self, problem: CommittorProblem, advance: Advance, side: int, number: int, seed: int
    ) -> None:
        self.evaluations = self._calls = 0
        self._side, self._advance, self._key = side, advance, root_key(seed)
        self._starts = (problem.start_a, problem.start_b)[side]
        self._rng = np.random.default_rng(seed)
        self._now = started(problem, jnp.asarray(self._drawn(number), jnp.float32))
        self._home, self._goal = ((IN_A, IN_B), (IN_B, IN_A))[side]
        self.arrived = np.zeros(number, bool)

    def _drawn(self, number: int) -> np.ndarray:
        return self._starts[self._rng.integers(len(self._starts), size=number)]

    @property
    def steps(self) -> np.ndarray:
        """(n,) that each has taken so far: none where it stands still."""
        return np.asarray(self._now.steps)

    def walk(self, steps: int) -> np.ndarray:
        """So many steps further; (n, d) places."""
        key = jax.random.fold_in(self._key, self._calls)
        known = np.asarray(self._now.last) == NEITHER
        now = self._advance(key, self._now, steps, known | (self._side == 1), known | (self._side == 0))
        self._calls += 1
        self.evaluations += 2 * steps * len(now.x)
        gone = np.asarray(now.last) == self._goal
        self.arrived = gone & ~known
        if np.any(gone):
            x = np.array(now.x)
            x[gone] = self._drawn(int(np.sum(gone)))
            last = np.where(gone, self._home, np.asarray(now.last))
            now = now._replace(x=jnp.asarray(x), last=jnp.asarray(last))
        self._now = now
        return np.asarray(now.x)

    def counted(self, exits: np.ndarray) -> np.ndarray:
        """(n,) which of the walkers at an exit, booleans (n,), have hit home since their last one."""
        last = np.array(self._now.last)
        fresh = exits & (last == self._home)
        last[fresh] = NEITHER
        self._now = self._now._replace(last=jnp.asarray(last))
        return fresh
