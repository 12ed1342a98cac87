"""Fields with a double well at every site and half-spaces of their mean for sets, written for speed."""

from __future__ import annotations

import math

import numpy as np

from mfbench_committor.shooting.dynamics import Noise, Stepper
from mfbench_committor.shooting.steppers import well_splitting


class Lattice:
    """V = x.K.x / 2 - p.x + sum_s (1 - x_s^2)^2 / 4, A = {mean x <= -m}, B = {mean x >= m} (see `System`).

    Args:
        stiffness: K, (d, d).
        pull: p, (d,), of fixed neighbours.
        beta: inverse temperature.
        threshold: m.
    """

    def __init__(self, stiffness: np.ndarray, pull: np.ndarray, beta: float, threshold: float) -> None:
        self.dim, self.beta = len(pull), beta
        self._stiffness, self._pull = stiffness, pull
        self._half = np.float32(threshold * math.sqrt(self.dim))

    def stepper(self, step: float, noise: Noise) -> Stepper:
        """Strang splitting: the coupling is linear, the wells are solvable."""
        return well_splitting(self._stiffness, self._pull, 1.0, self.beta, step, noise)

    def gaps(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exact distances from both planes: sqrt(d) times those of the mean."""
        along = np.sum(x, axis=0) / np.float32(math.sqrt(self.dim))
        return along + self._half, self._half - along
