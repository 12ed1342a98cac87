"""The rate by pairs of shots: what a solution's energy leaves out is found without trusting the solution.

The process at rest, reversible, passes X on a way from A to B if what led there came from A and what follows ends in B;
what led there, run backwards, is a trajectory from X like any other. If each way counts once, shared out over its
places by any w >= 0, then

    nu delta = E_mu[w(X) 1{of two trajectories from X one ends in A, the other in B} / S] / 2,

S the sum of w over the places of both at times 0, delta, 2 delta, ...; one half, since as many ways lead back. So

    nu / E_mu[w] = E[1{...} / S] / (2 delta),    X drawn from w mu.

With f a solution and w = |grad f|^2 where c0 < f < c1, S is about the quadratic variation of f within the slab: much the
same for all ways, long or short. Ways that cross the slab between two places that count are missed: f changes by a tenth in
delta, a quarter of the slab, at most. What was measured: docs/decisions/0077.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .shots import Ended, Shots
from .trajectories import make_advance, step_of

PAIRS = 64
"""Under way at a time."""
STRETCH = 16
"""Time steps between places that count, at most."""
FINE = 0.1
"""Standard deviation of the change of f between them at most, where nine in ten pairs start."""
THIN = 16.0
"""Times at most by which time steps are shorter for the slab's sake."""
FEWEST = 64
"""Pairs that join A and B from which a rate is told."""


class Pace(NamedTuple):
    """How pairs go on.

    Args:
        time_step: of the dynamics.
        stretch: time steps between places that count.
        spent: points at which grad V was evaluated to find out.
    """

    time_step: float
    stretch: int
    spent: int


def pace_of(problem: CommittorProblem, places: np.ndarray, w: np.ndarray) -> Pace | None:
    """The pace for starts drawn as these places (m, d) with w (m,) were; None: a slab so thin that ways would take forever.

    Raises:
        Diverged: the drift has no finite derivatives there.
    """
    step, spent = step_of(problem, places)
    # In a time t f changes by the root of 2 w t / beta.
    longest = FINE**2 * problem.beta / (2.0 * float(np.quantile(w, 0.9)))
    if step > THIN * longest:
        return None
    time_step = min(step, longest)
    return Pace(time_step, int(min(longest / time_step, STRETCH)), spent)


class ReactiveShots:
    """Pairs of trajectories from places drawn from w mu.

    Args:
        problem: with reversible dynamics.
        weigh: x (2 PAIRS, d) -> w (2 PAIRS,).
        pace: of the trajectories.
        seed: of the noise.
    """

    def __init__(
        self, problem: CommittorProblem, weigh: Callable[[np.ndarray], Any], pace: Pace, seed: int
    ) -> None:
        self._weigh, self._pace = weigh, pace
        self._advance = make_advance(problem, pace.time_step)
        self._shots = Shots(problem, self._advance, 2 * PAIRS, seed)
        self._pair = np.full(2 * PAIRS, -1)
        self._sums, self._ends = np.empty(0), np.empty((0, 2), int)

    @property
    def wanted(self) -> int:
        """Pairs that can start."""
        return len(self._shots.free) // 2

    @property
    def pairs(self) -> int:
        """That have started."""
        return len(self._sums)

    @property
    def evaluations(self) -> int:
        """Points at which grad V was evaluated."""
        return self._pace.spent + self._shots.evaluations

    @property
    def escaped(self) -> int:
        """Trajectories outside the problem's box, summed over stretches."""
        return self._advance.escaped

    def start(self, x: np.ndarray, w: np.ndarray) -> None:
        """Pairs from places (m, d) with these w (m,), m <= `wanted`."""
        slots = self._shots.free[: 2 * len(x)]
        self._pair[slots] = len(self._sums) + np.repeat(np.arange(len(x)), 2)
        self._sums = np.append(self._sums, w)
        self._ends = np.append(self._ends, np.zeros((len(x), 2), int), axis=0)
        self._shots.start(np.repeat(x, 2, axis=0))

    def run(self) -> Ended:
        """All a stretch further: what is known of places on the ways of those that ended in it."""
        ended = self._shots.run(self._pace.stretch)
        going = self._shots.busy
        np.add.at(self._sums, self._pair[going], np.asarray(self._weigh(self._shots.x), float)[going])
        np.add.at(self._ends, (self._pair[ended.slots], ended.in_b.astype(int)), 1)
        return ended

    @property
    def per_energy(self) -> tuple[float, float] | None:
        """nu / E_mu[w] and its standard error, of all pairs but the newest; None while there are too few.

        Those that are still under way among the older ones are long: S is large, and 1 / S, once they end, small. They
        count for half of it, as it is by now. Without them the others would be too short ones.
        """
        older = max(len(self._sums) - 2 * PAIRS, 0)
        ends = self._ends[:older]
        joined = np.all(ends == 1, axis=1)
        if np.sum(joined) < FEWEST:
            return None
        share = np.where(np.sum(ends, axis=1) < 2, 0.5, joined) / self._sums[:older]
        scale = 1.0 / (2.0 * self._pace.stretch * self._pace.time_step)
        return scale * float(np.mean(share)), scale * float(np.std(share, ddof=1) / np.sqrt(older))


def reconciled(energy: tuple[float, float], shots: tuple[float, float]) -> float:
    """A rate from that of a solution's energy and that of shots, each with its own standard error.

    The energy's is off by what the solution lacks, which nobody knows. The square of that is taken for the square of the
    difference of both and the variance of the shots' together, and both are weighed accordingly: the energy's counts for
    half at most, and for nothing where it is contradicted. The error is then about that of the shots at worst.
    """
    (first, sampled), (second, doubt) = energy, shots
    weights = 1.0 / (sampled**2 + (first - second) ** 2 + doubt**2), 1.0 / doubt**2
    return (weights[0] * first + weights[1] * second) / sum(weights)
