"""Richardson extrapolation from grids of spacing 2h and h, where the grids confirm their order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

CONTRACTION = (2.0, 6.0)
"""An error that shrinks by c from grid to grid is multiplied by (4 - c) / 3: here at most by 2/3."""


def extrapolated(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """f_h + (f_h - f_2h) / 3: without the error of order h^2."""
    return fine + (fine - coarse) / 3.0


@dataclass
class Convergence:
    """Values of successive grids, each of half the last one's spacing, at the same points.

    Args:
        weights: (n,) of the points, of sum 1.
        seen: (n,) values of the grids so far.
    """

    weights: np.ndarray
    seen: list[np.ndarray] = field(default_factory=list)

    def confirmed(self) -> bool:
        """Whether the last two changes shrank roughly as errors of order h^2 do, by 4."""
        if len(self.seen) < 3:
            return False
        before, last = self._rms(self.seen[-2] - self.seen[-3]), self._rms(self.seen[-1] - self.seen[-2])
        return CONTRACTION[0] * last < before < CONTRACTION[1] * last

    def error(self, extrapolate: bool) -> float:
        """Estimated root mean square error of the last values, or of their extrapolation.

        Needs two grids, three with extrapolation. Assumes that errors shrink by 4 or more per grid.
        """
        if not extrapolate:
            return self._rms(self.seen[-1] - self.seen[-2]) / 3.0
        return self._rms(extrapolated(*self.seen[-2:]) - extrapolated(*self.seen[-3:-1])) / 3.0

    def _rms(self, difference: np.ndarray) -> float:
        return math.sqrt(float(np.sum(self.weights * difference**2)))
