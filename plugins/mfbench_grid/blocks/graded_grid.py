"""Grids that are products of graded axes: nodes close together about small sets, far apart elsewhere.

Along an axis of length L positions are uniform in

    S(x) = x / L + sum over small sets of w asinh((x - c) / r),

c the middle of a set, r half its width: the spacing grows like the distance from c, and in the set it is about r / w times
that of S. A set of a thousandth of the side needs a few times as many nodes an axis as a large one; equidistant, a thousand.
S is smooth, and a grid of half the spacing is the same map of twice as many nodes: errors have the expansion in h^2 that
Richardson extrapolation needs, which a grid whose spacing jumps does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench_grid.blocks.tensor_grid import TensorGrid

WEIGHT = 0.25
"""w. With less, the spacing in the set grows as 1 / w; with more, the one far from it grows as its logarithm."""
HALVINGS = 60
"""Of an axis, to the place of a position: as far as float64 goes."""


@dataclass(frozen=True)
class Grading:
    """S along an axis, from 0 to 1.

    Args:
        low, high: ends of the axis.
        middles, radii: (m,) c and r of the small sets.
    """

    low: float
    high: float
    middles: np.ndarray
    radii: np.ndarray

    def share(self, x: np.ndarray) -> np.ndarray:
        """(n,) places -> S there."""
        low, high = self._ends
        return (self._raw(x) - low) / (high - low)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """(n,) places -> S'."""
        low, high = self._ends
        away = x[:, None] - self.middles
        pace = 1.0 / (self.high - self.low) + np.sum(WEIGHT / np.hypot(away, self.radii), axis=1)
        return pace / (high - low)

    def nodes(self, cells: int) -> np.ndarray:
        """The (cells + 1,) places at which S is 0, 1 / cells, 2 / cells, ..., 1, by bisection.

        Every second one is one of half as many cells, to the last digit.
        """
        shares = np.arange(cells + 1) / cells
        low, high = np.full(cells + 1, self.low), np.full(cells + 1, self.high)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            beyond = self.share(middle) > shares
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        return np.r_[self.low, low[1:-1], self.high]

    @cached_property
    def _ends(self) -> np.ndarray:
        return self._raw(np.array([self.low, self.high]))

    def _raw(self, x: np.ndarray) -> np.ndarray:
        away = (x[:, None] - self.middles) / self.radii
        return x / (self.high - self.low) + WEIGHT * np.sum(np.arcsinh(away), axis=1)


@dataclass(frozen=True)
class GradedGrid(TensorGrid):
    """Nodes in a box, its boundary included, along graded axes.

    Args:
        axes: d arrays of coordinates.
        gradings: d of them, by which these follow.
    """

    gradings: tuple[Grading, ...]

    @classmethod
    def by(cls, gradings: Sequence[Grading], cells: Sequence[int]) -> GradedGrid:
        """The grid with so many cells along each axis."""
        axes = tuple(grading.nodes(int(n)) for grading, n in zip(gradings, cells, strict=True))
        return cls(axes, tuple(gradings))

    def halved(self) -> GradedGrid:
        """The grid of half the spacing in S; every second of its nodes is one of this grid."""
        return GradedGrid.by(self.gradings, [2 * (n - 1) for n in self.shape])

    @property
    def spacings(self) -> tuple[float, ...]:
        """There is none: see `steps`."""
        raise NotImplementedError("a graded grid has no one spacing; ask for its steps")

    @property
    def lengths(self) -> tuple[np.ndarray, ...]:
        """Along each axis the widths of the nodes' cells, which end half way to their neighbours."""
        return tuple(np.diff(np.r_[axis[0], (axis[1:] + axis[:-1]) / 2, axis[-1]]) for axis in self.axes)

    def steps(self, axis: int) -> np.ndarray:
        """Lengths of the edges along an axis, in the order of `neighbours`."""
        shape = [n - (k == axis) for k, n in enumerate(self.shape)]
        along = np.diff(self.axes[axis]).reshape([-1 if k == axis else 1 for k in range(self.dim)])
        return np.broadcast_to(along, shape).ravel()

    def positions(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, d) positions: 0 at the first node, 1 at the second, in between as S."""
        return np.stack([g.share(x[:, k]) * (self.shape[k] - 1) for k, g in enumerate(self.gradings)], axis=1)

    def paces(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, d) slopes of the positions."""
        return np.stack([g.slope(x[:, k]) * (self.shape[k] - 1) for k, g in enumerate(self.gradings)], axis=1)
