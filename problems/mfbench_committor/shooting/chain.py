"""Fields with a double well at every site and two balls for sets, written for speed."""

from __future__ import annotations

import numpy as np

from mfbench_committor.shooting.dynamics import Noise, Stepper
from mfbench_committor.shooting.steppers import well_splitting


class Chain:
    """V = U.K.U / 2 + sum_i (1 - U_i^2)^2 / (4 width), A and B balls about -c and c (see `System`).

    Args:
        stiffness: K, (d, d).
        width: of the wall.
        beta: inverse temperature.
        centre: c, (d,).
        radius: of the balls.
    """

    def __init__(
        self, stiffness: np.ndarray, width: float, beta: float, centre: np.ndarray, radius: float
    ) -> None:
        self.dim, self.beta = len(centre), beta
        self._stiffness, self._strength = stiffness, 1.0 / width
        self._centre, self._radius = centre.astype(np.float32), np.float32(radius)
        self._square = np.float32(np.sum(centre**2))

    def stepper(self, step: float, noise: Noise) -> Stepper:
        """Strang splitting: the coupling is stiff and linear, the wells are solvable."""
        return well_splitting(self._stiffness, np.zeros(self.dim), self._strength, self.beta, step, noise)

    def gaps(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact distances from both balls."""
        squares = np.einsum("ij,ij->j", x, x) + self._square
        twice = np.float32(2.0) * (self._centre @ x)
        return tuple(np.sqrt(np.maximum(squares + s, 0)) - self._radius for s in (twice, -twice))
