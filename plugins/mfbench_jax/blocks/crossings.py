"""Rates by walkers about both sets: how often they come where a solution is no longer small, times its value there.

For home A and goal B, and the other way round: an entry is a look at which a walker is in a region outside home for the
first time since it hit home. Every transition has one entry since its last hit of home, or none if it takes
place between two looks. Hence

    k = (sum over entries of P(goal before home | entry) + arrivals without an entry) / time with home hit last,

whatever the region, which may depend on all that was seen before, and however far the looks lie apart. For P the
solution is taken, where it is at least LEVEL: near a set it is the ratio to the truth that counts, and most methods
learn differences. Where no walker comes so far there is no rate. The error is that over walkers, which are
independent: it knows the sampling, and not how far f is from q where walkers enter. The later half of all looks counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit

from mfbench.tasks.committor import CommittorProblem

from .design import LOOKED_AT
from .exits import Home
from .rates import of_halves, ratio
from .trajectories import Advance

LEVEL = 0.1
"""Chance to reach the goal from which on a solution is taken at its word."""
CAPACITY = 2**12
"""Entries about one set, the newest, that are kept."""
LEAST = 10
"""Walkers that must have entered, about each set, before a rate is told: fewer say little, also of their error."""

Chance = Callable[[np.ndarray, int], np.ndarray]
"""((LOOKED_AT, d) places, side) -> (LOOKED_AT,) the solution's chance to hit the goal before home, 0 for A, 1 for B."""


FEWEST = 4
"""Looks before a rate is told: in the first ones walkers still know where they started."""
EVERY = 16
"""Rounds of a method that learns from other trajectories between two looks: these take an eighth of its effort."""


def chance_of(logit: Callable[[np.ndarray], Any]) -> Chance:
    """The chances of a solution given by its logit."""
    return lambda x, side: expit((1.0, -1.0)[side] * np.asarray(logit(x), float))


class Seen(NamedTuple):
    """At one look about one set: places (m, d) of entries and who enters (m,), who has arrived (l,), and steps (n,)."""

    x: np.ndarray
    who: np.ndarray
    arrived: np.ndarray
    steps: np.ndarray


class Crossings:
    """Walkers about A and about B, and what they have seen.

    Args:
        problem: the problem.
        advance: its dynamics.
        dt: the time step.
        number: of walkers about each set; that of the trajectories which move beside them is compiled already.
        seeds: of the walkers about A and about B.
    """

    def __init__(
        self, problem: CommittorProblem, advance: Advance, dt: float, number: int, seeds: tuple[int, int]
    ) -> None:
        self._homes = [Home(problem, advance, side, number, seeds[side]) for side in (0, 1)]
        self._dt, self._number, self._looks = dt, number, 0
        self._seen: tuple[list[Seen], list[Seen]] = ([], [])

    @property
    def evaluations(self) -> int:
        """Points at which grad V was evaluated."""
        return sum(home.evaluations for home in self._homes)

    def look(self, steps: int, region: Callable[[np.ndarray, int], np.ndarray]) -> tuple[Seen, ...]:
        """All so many steps further.

        Args:
            steps: of each walker.
            region: ((n, d) places, side) -> (n,) booleans.
        """
        self._looks += 1
        for side, home in enumerate(self._homes):
            before = home.steps
            x = home.walk(steps)
            fresh, seen = home.counted(region(x, side)), self._seen[side]
            seen.append(
                Seen(x[fresh], np.flatnonzero(fresh), np.flatnonzero(home.arrived), home.steps - before)
            )
            while len(seen) > (self._looks + 1) // 2 or (
                len(seen) > 1 and sum(len(one.who) for one in seen) > CAPACITY
            ):
                del seen[0]
        return tuple(seen[-1] for seen in self._seen)

    def look_for(self, steps: int, chance: Chance) -> None:
        """The same with the region in which the chance is at least LEVEL."""
        self.look(steps, lambda x, side: by_rows(chance, x, side) >= LEVEL)

    def reports(self, chance: Chance) -> dict[str, float]:
        """ "rate", "rate_error", "rate_ab" and "rate_ba", or nothing yet."""
        if self._looks < FEWEST:
            return {}
        halves = []
        for side, seen in enumerate(self._seen):
            who, arrived = (np.concatenate([one[part] for one in seen]) for part in (1, 2))
            worth = by_rows(chance, np.concatenate([one.x for one in seen]), side)
            crossed = np.bincount(who, worth, self._number) + np.bincount(arrived, None, self._number)
            time = self._dt * np.sum([one.steps for one in seen], axis=0)
            if np.count_nonzero(crossed) < LEAST:
                return {}
            halves.append(ratio(crossed, time))
        return of_halves(*halves)


def by_rows(chance: Chance, x: np.ndarray, side: int) -> np.ndarray:
    """(m,) chances at any number of places (m, d): always as many at once, so that one compilation serves all."""
    parts = [
        np.asarray(chance(np.resize(x[i:], (LOOKED_AT, x.shape[1])), side), float)
        for i in range(0, len(x), LOOKED_AT)
    ]
    return np.concatenate([np.empty(0), *parts])[: len(x)]
