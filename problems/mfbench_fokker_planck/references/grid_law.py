"""A density known at the nodes of a plane grid, in between by a quintic spline: draws, maximum, moments."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.ndimage import maximum_filter
from scipy.optimize import minimize

DEGREE = 5
EXCESS = 1.25
"""No cell holds more than this many times the largest of its corners and of its neighbours' corners."""
PROPOSALS = 20_000


class GridLaw:
    """A law of (a, b) from the values of its density at nodes.

    Args:
        a: (n,) equidistant.
        b: (m,) equidistant.
        p: (n, m) at the nodes, next to zero towards the ends; what is negative there is round-off.
    """

    def __init__(self, a: np.ndarray, b: np.ndarray, p: np.ndarray) -> None:
        self.a, self.b, self.p = a, b, p
        self.area = float((a[1] - a[0]) * (b[1] - b[0]))
        self._spline = RectBivariateSpline(a, b, p, kx=DEGREE, ky=DEGREE)

    @property
    def mass(self) -> float:
        """By the trapezoidal rule, exact to rounding for what the nodes resolve."""
        return float(np.sum(self.p)) * self.area

    def density(self, points: np.ndarray) -> np.ndarray:
        """p at (k, 2) points between the nodes, (k,)."""
        found: np.ndarray = self._spline(points[:, 0], points[:, 1], grid=False)
        return found

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """log p, (k,)."""
        return np.log(self.density(points))

    def mean_of(self, values: np.ndarray) -> float:
        """E f from f at the nodes, (n, m)."""
        return float(np.sum(self.p * values)) * self.area

    def max_log_density(self) -> float:
        """The maximum of log p."""
        i, j = np.unravel_index(np.argmax(self.p), self.p.shape)

        def depth(x: np.ndarray) -> float:
            return -float(self.log_density(x[None])[0])

        return -float(minimize(depth, np.array([self.a[i], self.b[j]]), method="Nelder-Mead").fun)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, 2) independent points, by rejection from cells.

        Raises:
            ArithmeticError: the nodes are too coarse for the bound on a cell.
        """
        height = maximum_filter(np.maximum(self.p, 0.0), size=3)
        height = EXCESS * np.maximum.reduce(
            [height[:-1, :-1], height[1:, :-1], height[:-1, 1:], height[1:, 1:]]
        )
        cumulative = np.cumsum(height.ravel())
        drawn = np.empty((0, 2))
        while len(drawn) < count:
            cell = np.searchsorted(cumulative, rng.random(PROPOSALS) * cumulative[-1])
            row, column = np.unravel_index(np.minimum(cell, height.size - 1), height.shape)
            share = rng.random((PROPOSALS, 2))
            x = np.stack(
                [
                    self.a[row] + share[:, 0] * (self.a[1] - self.a[0]),
                    self.b[column] + share[:, 1] * (self.b[1] - self.b[0]),
                ],
                axis=1,
            )
            ratio = self.density(x) / height[row, column]
            if np.max(ratio) > 1.0:
                raise ArithmeticError(
                    f"GridLaw: a density is {np.max(ratio):.3g} times the bound of its cell; expected at most 1. "
                    "Draws would not follow the law: more nodes are needed."
                )
            drawn = np.concatenate([drawn, x[rng.random(PROPOSALS) < ratio]])
        return drawn[:count]
