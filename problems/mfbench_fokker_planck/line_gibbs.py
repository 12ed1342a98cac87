"""Laws p = e^phi / Z on an interval of the line: normalisation, averages, draws, level sets, to round-off for smooth phi."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import Chebyshev
from scipy.optimize import brentq, minimize_scalar

from mfbench_fokker_planck.box_quadrature import box_quadrature
from mfbench_fokker_planck.radial import inverted

NODES = 400
"""Of the quadrature."""
DEGREE = 192
"""Of the interpolant that draws are made from."""
SCAN = 4001
"""Equidistant points among which maxima and crossings are looked for first."""


class LineGibbs:
    """The law on [low, high].

    Args:
        exponent: phi, (n,) -> (n,), smooth.
        low: left end; what lies beyond the ends must be below round-off, or not exist.
        high: right end.
        nodes: Gauss-Legendre nodes of all integrals.
    """

    def __init__(
        self, exponent: Callable[[np.ndarray], np.ndarray], low: float, high: float, nodes: int = NODES
    ) -> None:
        self._exponent, self.low, self.high = exponent, low, high
        x, weights = box_quadrature(np.array([low]), np.array([high]), nodes)
        self._nodes = x[:, 0]
        scan = np.linspace(low, high, SCAN)
        best, step = scan[np.argmax(exponent(scan))], scan[1] - scan[0]
        found = minimize_scalar(
            lambda s: -float(exponent(np.array([s]))[0]),
            bounds=(max(low, best - step), min(high, best + step)),
            method="bounded",
            options={"xatol": 1e-12},
        )
        self._top = max(-float(found.fun), float(np.max(exponent(scan))))
        self._mass = weights * np.exp(exponent(self._nodes) - self._top)
        self.log_z = self._top + math.log(np.sum(self._mass))

    @property
    def max_log_p(self) -> float:
        """The maximum of log p."""
        return self._top - self.log_z

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p, of the shape of x."""
        return self._exponent(x) - self.log_z

    def average(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        """E f(X) for f (n,) -> (n,)."""
        return float(self._mass @ function(self._nodes) / np.sum(self._mass))

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) independent draws: bisection of the integral of a Chebyshev interpolant of the density."""
        density = Chebyshev.interpolate(
            lambda x: np.exp(self._exponent(x) - self._top), DEGREE, domain=[self.low, self.high]
        )
        cumulative = density.integ(lbnd=self.low)
        return inverted(cumulative, rng.random(count) * cumulative(self.high), self.low, self.high)

    def level_set(self, depth: float) -> np.ndarray:
        """(k, 2) the intervals where log p >= max log p - depth."""

        def above(x: float) -> float:
            return float(self._exponent(np.array([x]))[0]) - self._top + depth

        scan = np.linspace(self.low, self.high, SCAN)
        inside = self._exponent(scan) >= self._top - depth
        turns = np.flatnonzero(inside[1:] != inside[:-1])
        ends = [float(brentq(above, scan[i], scan[i + 1], xtol=1e-14)) for i in turns]
        ends = [*([self.low] if inside[0] else []), *ends, *([self.high] if inside[-1] else [])]
        return np.array(ends).reshape(-1, 2)

    def draw_level(self, depth: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count,) independent points, uniform where log p >= max log p - depth."""
        intervals = self.level_set(depth)
        lengths = intervals[:, 1] - intervals[:, 0]
        which = rng.choice(len(intervals), count, p=lengths / np.sum(lengths))
        return intervals[which, 0] + lengths[which] * rng.random(count)
