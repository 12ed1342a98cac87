"""A way back for solutions that wander: to the best one so far, by residuals at points that no step has seen.

Where a network cannot solve an equation to rounding, steps come to where little is left to gain. Small gains that come as
predicted lower the damping, until steps follow the differences between one pool of points and the next; walkers go
where the solution leads them, what they see is worse, and an answer that was right to 3e-5 is gone in ten steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .backward_equation import Points
from .cooling import UNSOLVED
from .levenberg_marquardt import HIGHEST, Damping
from .umbrella import Umbrella

WANDERED = 4.0
"""Residual at unseen points, in units of the lowest one, from which on a solution has wandered. It also differs between
pools, so the last two that were asked for count: the larger tells how good a solution is, the smaller how bad."""
CAUTION = 10.0
"""Times the damping of a step that led astray, below which it does not fall again."""


class Standing(NamedTuple):
    """All that goes back with a solution: parameters theta (P,), the points that they were fitted to, the walkers that had
    come along, and what was told of the rate, of it or of the best one before it."""

    theta: np.ndarray
    pool: Points
    walkers: Umbrella
    rates: dict[str, float]


class WayBack:
    """What is known of solutions at points that came after them.

    Attributes:
        used: how often a solution was sent back.
        lowest: residual of the best solution at unseen points; one that nobody takes for solved before there is one.
        best: where a run stood when its solution was best; None before one was good.
    """

    def __init__(self) -> None:
        self.used = 0
        self.best: Standing | None = None
        self.lowest, self._least = UNSOLVED, 0.0
        self._before: float | None = None

    @property
    def rates(self) -> dict[str, float]:
        """What was told of the best solution's."""
        return {} if self.best is None else self.best.rates

    def astray(self, residual: float, standing: Standing) -> bool:
        """Whether the solution is to go `back`.

        Args:
            residual: of the solution at points that it has not seen.
            standing: of the run that has led to it.
        """
        pair, self._before = (self._before, residual), residual
        if pair[0] is None:
            return False
        if np.maximum(*pair) < self.lowest:  # so no number that is none
            self.lowest, self.best = max(pair), standing
        return self.best is not None and not np.fmin(*pair) <= WANDERED * self.lowest

    def back(self, damping: Damping) -> tuple[Standing, Damping]:
        """Where to go on from, and how carefully, after this damping; there must be a `best`."""
        assert self.best is not None, "nobody goes back to nothing"
        self.used, self._before = self.used + 1, None
        self._least = min(CAUTION * max(self._least, damping.strength), HIGHEST)
        return self.best, Damping(self._least)

    def bounded(self, damping: Damping) -> Damping:
        """The damping, not below what has led astray."""
        return damping._replace(strength=max(damping.strength, self._least))
