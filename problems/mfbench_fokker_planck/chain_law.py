"""The law of a chain by its transfer operator: normalisation and exact draws.

    exp(-beta V) = prod_i f(x_i) prod_{i<d} k(x_i, x_{i+1}),
    f(x) = e^{-beta (x^2 - 1)^2 / 4},   k(x, y) = e^{-beta g (y - x)^2 / 2},

so that with m_d = 1 and m_i(x) = int k(x, y) f(y) m_{i+1}(y) dy: Z = int f m_1, and given x_i the next site has the
density k(x_i, y) f(y) m_{i+1}(y) / m_i(x_i).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline

REACH = 5.0
"""Integrals run over [-5, 5]: beta (x^2 - 1)^2 / 4 is 72 at its ends for the smallest beta."""
CELLS, DEPTH = 160, 40.0
"""Of the grid that proposals are drawn from: cells, and how far below its maximum f is left out."""
EXCESS = 1.02
"""No conditional density may exceed its chord by more than this factor."""


class ChainLaw:
    """exp(-beta V) / Z on d sites.

    Args:
        dim: d.
        beta: inverse temperature.
        coupling: g.
        nodes: of the quadrature.
    """

    def __init__(self, dim: int, beta: float, coupling: float, nodes: int = 400) -> None:
        self.dim, self._beta, self._coupling = dim, beta, coupling
        point, share = leggauss(nodes)
        self._x, weights = REACH * point, REACH * share
        self._site = weights * np.exp(self._log_site(self._x))
        self._kernel = np.exp(self._log_bond(self._x[:, None], self._x))

    def potential(self, x: np.ndarray) -> np.ndarray:
        """V, (n,) at x (n, d)."""
        wells = np.sum((x**2 - 1.0) ** 2, axis=1) / 4.0
        bonds: np.ndarray = np.sum(np.diff(x, axis=1) ** 2, axis=1)
        return wells + self._coupling / 2.0 * bonds

    def log_normalisation(self) -> float:
        """log Z."""
        message, log_scale = self._messages()[0]
        return math.log(self._site @ message) + log_scale

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent points, site by site.

        Raises:
            ArithmeticError: the grid is too coarse for these parameters.
        """
        x = np.empty((count, self.dim))
        before: np.ndarray | None = None
        for site, (message, _) in enumerate(self._messages()):
            x[:, site] = before = self._next(before, message, count, rng)
        return x

    def _messages(self) -> list[tuple[np.ndarray, float]]:
        """m_1, ..., m_d at the nodes, each divided by its maximum, with the logarithm of what it was divided by."""
        message, log_scale = np.ones(len(self._x)), 0.0
        messages = [(message, log_scale)]
        for _ in range(self.dim - 1):
            message = self._kernel @ (self._site * message)
            top = np.max(message)
            message, log_scale = message / top, log_scale + math.log(top)
            messages.append((message, log_scale))
        return messages[::-1]

    def _next(
        self, before: np.ndarray | None, message: np.ndarray, count: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draws of a site given the one before it, by rejection from the chords of its density on a grid."""
        smooth = CubicSpline(self._x, np.log(message))
        reach = math.sqrt(1.0 + math.sqrt(4.0 * DEPTH / self._beta))
        grid = np.linspace(-reach, reach, CELLS + 1)
        on_grid = self._log_site(grid) + smooth(grid)
        drawn, open_rows = np.empty(count), np.arange(count)
        while len(open_rows):
            logs = np.broadcast_to(on_grid, (len(open_rows), len(grid)))
            if before is not None:
                logs = logs + self._log_bond(before[open_rows, None], grid)
            top = np.max(logs, axis=1)
            y, chord = _from_chords(np.exp(logs - top[:, None]), grid, rng)
            density = self._log_site(y) + smooth(y) - top
            if before is not None:
                density += self._log_bond(before[open_rows], y)
            ratio = np.exp(density) / (EXCESS * chord)
            if np.max(ratio) > 1.0:
                raise ArithmeticError(
                    f"chain: a density is {np.max(ratio):.3g} times the bound of its chord; expected at most 1. "
                    "Draws would not follow the law: more cells are needed."
                )
            kept = rng.random(len(y)) <= ratio
            drawn[open_rows[kept]] = y[kept]
            open_rows = open_rows[~kept]
        return drawn

    def _log_site(self, x: np.ndarray) -> np.ndarray:
        return -self._beta * (x**2 - 1.0) ** 2 / 4.0

    def _log_bond(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return -self._beta * self._coupling * (y - x) ** 2 / 2.0


def _from_chords(
    heights: np.ndarray, grid: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A draw (n,) from each row's piecewise linear density with these heights (n, m) on the grid, and its height there."""
    cells = (heights[:, 1:] + heights[:, :-1]) / 2.0
    cumulative = np.cumsum(cells, axis=1)
    level = rng.random(len(heights)) * cumulative[:, -1]
    rows, cell = np.arange(len(heights)), np.argmax(cumulative >= level[:, None], axis=1)
    rest = np.clip(level - cumulative[rows, cell] + cells[rows, cell], 0.0, None)
    low, high = heights[rows, cell], heights[rows, cell + 1]
    # low s + (high - low) s^2 / 2 = rest, in the form that is stable for equal heights.
    share = 2.0 * rest / (low + np.sqrt(np.maximum(low**2 + 2.0 * (high - low) * rest, 0.0)))
    share = np.minimum(share, 1.0)
    return grid[cell] + share * (grid[1] - grid[0]), low + (high - low) * share
