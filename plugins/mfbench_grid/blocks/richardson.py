"""Richardson extrapolation from grids of spacing 2h and h, where the grids confirm their order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

import numpy as np

CONTRACTION = (2.0, 6.0)
"""An error that shrinks by c from grid to grid is multiplied by (4 - c) / 3: here at most by 2/3."""


Value = TypeVar("Value", float, np.ndarray)


def extrapolated(coarse: Value, fine: Value) -> Value:
    """f_h + (f_h - f_2h) / 3: without the error of order h^2."""
    return fine + (fine - coarse) / 3.0


class Convergence:
    """Answers of successive grids, each of half the last one's spacing, at the same points.

    Args:
        x: (m, d) points.
        weights: (m,) >= 0; all equal if they sum to 0.
    """

    def __init__(self, x: np.ndarray, weights: np.ndarray) -> None:
        total = np.sum(weights)
        self.x = x
        self.weights = weights / total if total > 0 else np.full(len(x), 1.0 / len(x))
        self.seen: list[np.ndarray] = []

    def add(self, answer: Callable[[np.ndarray], np.ndarray]) -> None:
        """Take the answer of the next grid, (m, d) -> (m,)."""
        self.seen.append(answer(self.x))

    def confirmed(self) -> bool:
        """Whether the last two changes shrank roughly as errors of order h^2 do, by 4."""
        if len(self.seen) < 3:
            return False
        before, last = self._rms(self.seen[-2] - self.seen[-3]), self._rms(self.seen[-1] - self.seen[-2])
        return CONTRACTION[0] * last < before < CONTRACTION[1] * last

    def change(self, extrapolate: bool) -> float:
        """Root mean square change to the last answer from the one before, or between their extrapolations.

        Needs two grids, three with extrapolation.
        """
        if not extrapolate:
            return self._rms(self.seen[-1] - self.seen[-2])
        return self._rms(extrapolated(*self.seen[-2:]) - extrapolated(*self.seen[-3:-1]))

    def _rms(self, difference: np.ndarray) -> float:
        return math.sqrt(float(np.sum(self.weights * difference**2)))
