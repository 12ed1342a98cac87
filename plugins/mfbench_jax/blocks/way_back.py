"""A way back for solutions that wander: to the best one so far, by residuals at points that no step has seen.

Where a network cannot solve an equation to rounding, steps come to where little is left to gain. Small gains that come as
predicted lower the damping, until steps follow the differences between one pool of points and the next; walkers go
where the solution leads them, what they see is worse, and an answer that was right to 3e-5 is gone in ten steps.
"""

from __future__ import annotations

import numpy as np

from .levenberg_marquardt import HIGHEST, Damping

WANDERED = 4.0
"""Residual at unseen points, in units of the lowest one, from which on a solution has wandered. It also differs between
pools, so the last two that were asked for count: the larger tells how good a solution is, the smaller how bad."""
CAUTION = 10.0
"""Times the damping of a step that led astray, below which it does not fall again."""


class WayBack:
    """What is known of solutions at points that came after them.

    Attributes:
        used: how often a solution was sent back.
    """

    def __init__(self) -> None:
        self.used = 0
        self._lowest, self._theta, self._least = np.inf, np.empty(0), 0.0
        self._before: float | None = None

    @property
    def known(self) -> bool:
        """Whether there is a solution to go back to."""
        return bool(np.isfinite(self._lowest))

    def astray(self, residual: float, theta: np.ndarray) -> bool:
        """Whether the solution is to go `back`.

        Args:
            residual: of the solution at points that it has not seen.
            theta: (P,) its parameters.
        """
        pair, self._before = (self._before, residual), residual
        if pair[0] is None:
            return False
        if max(pair) < self._lowest:
            self._lowest, self._theta = max(pair), theta
        return self.known and not min(pair) <= WANDERED * self._lowest

    def back(self, damping: Damping) -> tuple[np.ndarray, Damping]:
        """Where to go on from, and how carefully, after this damping."""
        self.used, self._before = self.used + 1, None
        self._least = min(CAUTION * max(self._least, damping.strength), HIGHEST)
        return self._theta, Damping(self._least)

    def bounded(self, damping: Damping) -> Damping:
        """The damping, not below what has led astray."""
        return damping._replace(strength=max(damping.strength, self._least))
