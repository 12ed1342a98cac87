"""Fixed points u = g(u) by dynamic relaxation: u <- u + omega r, r = g(u) - u.

Along the mode that r shows, g has the slope lambda = 1 - (1 - rho) / omega, rho = <r, r_last> / <r_last, r_last>; the
next omega is 1 / (1 - lambda), with which that mode alone would be done: a secant step. Where rho >= 1, the iteration
leaves a fixed point that does not attract, and omega = 1 follows it: so the branch is that of the start, and none is
found that the flow u' = g(u) - u leaves, unless it is met to round-off.

Source: Kuettler, Wall, Comput. Mech. 43 (2008) 61, eq. 44 (Aitken relaxation); the guard is ours.
"""

from __future__ import annotations

import numpy as np

LEAST, LARGEST = 0.02, 50.0
"""Of omega."""


class Relaxation:
    """What chooses omega.

    Attributes:
        omega: of the next step.
    """

    def __init__(self) -> None:
        self.omega = 1.0
        self._last: np.ndarray | None = None

    def step(self, residual: np.ndarray) -> np.ndarray:
        """omega r for the residual r at the present u."""
        if self._last is not None:
            square = float(self._last @ self._last)
            rho = float(residual @ self._last) / square if square > 0 else 0.0
            self.omega = 1.0 if rho >= 1.0 else float(np.clip(self.omega / (1.0 - rho), LEAST, LARGEST))
        self._last = residual
        return self.omega * residual
