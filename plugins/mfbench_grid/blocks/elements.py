"""Piecewise quadratic functions on an interval, and the rule that integrates their products against a weight."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

GAUSS, GAUSS_WEIGHTS = np.polynomial.legendre.leggauss(3)
"""On [-1, 1]: exact to degree 5, one more than the square of a quadratic has."""
ORDER = 2
"""Degree of the functions; an element shares `ORDER + 1` of them."""


@dataclass(frozen=True)
class Elements:
    """A partition of an interval; the functions are continuous, and quadratic on every part.

    Args:
        edges: (m + 1,) increasing end points of the parts.
    """

    edges: np.ndarray

    @classmethod
    def over(cls, corners: np.ndarray, count: int) -> Elements:
        """About this many parts, of nearly equal length, with every corner among the edges.

        Args:
            corners: (c,) increasing; ends of the interval, and points between where the answer may have kinks.
            count: number of parts, approximately.
        """
        target = (corners[-1] - corners[0]) / count
        pieces = [
            np.linspace(low, high, 1 + max(1, round((high - low) / target)))[:-1]
            for low, high in itertools.pairwise(corners)
        ]
        return cls(np.concatenate([*pieces, corners[-1:]]))

    def halved(self) -> Elements:
        """Every part cut in two: the functions of this partition are functions of that one."""
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        return Elements(np.sort(np.concatenate([self.edges, middles])))

    @cached_property
    def nodes(self) -> np.ndarray:
        """(2m + 1,) where a function's values fix it: edges and middles."""
        return self.halved().edges

    @cached_property
    def points(self) -> np.ndarray:
        """(3m,) quadrature points, those of a part next to each other."""
        half = np.diff(self.edges)[:, None] / 2
        return (self.edges[:-1, None] + half * (1.0 + GAUSS)).ravel()

    @cached_property
    def weights(self) -> np.ndarray:
        """(3m,) quadrature weights; they sum to the interval's length."""
        return (np.diff(self.edges)[:, None] / 2 * GAUSS_WEIGHTS).ravel()

    def located(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What gives a function at (n,) points of the interval.

        Returns:
            (n,) numbers of the first of three nodes, and (n, 3) shape functions of these and (n, 3) their slopes.
        """
        part = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        width = np.diff(self.edges)[part]
        t = (x - self.edges[part]) / width
        values = np.stack([(1.0 - t) * (1.0 - 2.0 * t), 4.0 * t * (1.0 - t), t * (2.0 * t - 1.0)], axis=1)
        slopes = np.stack([4.0 * t - 3.0, 4.0 - 8.0 * t, 4.0 * t - 1.0], axis=1) / width[:, None]
        return ORDER * part, values, slopes

    def matrix(self, x: np.ndarray) -> np.ndarray:
        """(n, nodes): values at (n,) points of the functions that are 1 at one node and 0 at all others."""
        first, values, _ = self.located(x)
        dense = np.zeros((len(x), len(self.nodes)))
        np.put_along_axis(dense, first[:, None] + np.arange(ORDER + 1), values, axis=1)
        return dense
