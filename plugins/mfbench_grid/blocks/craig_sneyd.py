"""Steps of p' = sum_k F_k(t) p + F_0(t) p, implicit along one direction after the other: Craig and Sneyd, theta = 1/2.

    Y_0 = p + dt F(t) p
    Y_k = Y_{k-1} + dt/2 (F_k(t + dt) Y_k - F_k(t) p)             k = 1 ... d
    Z_0 = Y_0 + dt/2 (F_0(t + dt) Y_d - F_0(t) p)
    Z_k = Z_{k-1} + dt/2 (F_k(t + dt) Z_k - F_k(t) p),   p <- Z_d.

Of order dt^2 with mixed derivatives, conservative; without them Z = Y, Douglas's scheme, in one dimension Crank-Nicolson's.
Unconditionally stable in d <= 2; not positive.

Source: Craig, Sneyd, Comput. Math. Appl. 16 (1988) 341; In 't Hout, Welfert, Appl. Numer. Math. 59 (2009) 677, eq. 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench_grid.blocks.directional import ImplicitLine, Operator


@dataclass(frozen=True)
class Stepper:
    """One time step of a fixed length.

    Args:
        now: the operator at its beginning.
        then: the operator at its end.
        implicit: the factored lines of `then`, for half a step.
        dt: its length.
    """

    now: Operator
    then: Operator
    implicit: tuple[ImplicitLine, ...]
    dt: float

    @classmethod
    def between(cls, now: Operator, then: Operator, dt: float) -> Stepper:
        """The step from one operator to another."""
        return cls(now, then, tuple(line.implicit(dt / 2.0) for line in then.lines), dt)

    def step(self, p: np.ndarray) -> np.ndarray:
        """p a time dt later."""
        along = [self.now.along(axis, p) for axis in range(p.ndim)]
        across = self.now.across(p)
        start = p + self.dt * sum(along)
        if across is None:
            return self._swept(start, along)
        start += self.dt * across
        first = self._swept(start, along)
        later = self.then.across(first)
        assert later is not None
        return self._swept(start + self.dt / 2.0 * (later - across), along)

    def _swept(self, y: np.ndarray, along: list[np.ndarray]) -> np.ndarray:
        for axis, (line, part) in enumerate(zip(self.implicit, along, strict=True)):
            right = np.moveaxis(y - self.dt / 2.0 * part, axis, 0)
            y = np.moveaxis(line.solve(right), 0, axis)
        return y
