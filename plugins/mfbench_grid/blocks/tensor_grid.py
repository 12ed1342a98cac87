"""Grids that are products of equidistant axes, and splines of values at their nodes."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import NdBSpline, make_interp_spline

DEGREE = 5
"""Of the splines: error h^6, below that of every scheme here even after extrapolation (h^4)."""


@dataclass(frozen=True)
class TensorGrid:
    """Nodes in a box, its boundary included, so that a grid of half the spacing holds them all.

    Args:
        axes: d arrays of coordinates: equidistant ones, if they are not those of a `GradedGrid`.
    """

    axes: tuple[np.ndarray, ...]

    @classmethod
    def over(cls, box: np.ndarray, cells: int | Sequence[int]) -> TensorGrid:
        """The grid with this many cells along each axis of the box (2, d); one number serves all axes."""
        counts = np.broadcast_to(cells, box.shape[1])
        return cls(tuple(np.linspace(low, high, n + 1) for (low, high), n in zip(box.T, counts, strict=True)))

    def halved(self) -> TensorGrid:
        """The grid of half the spacing; every second of its nodes is one of this grid."""
        return TensorGrid(tuple(np.linspace(axis[0], axis[-1], 2 * len(axis) - 1) for axis in self.axes))

    @property
    def dim(self) -> int:
        """Dimension d."""
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of nodes along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def spacings(self) -> tuple[float, ...]:
        """Distance h of neighbours along each axis."""
        return tuple(float(axis[1] - axis[0]) for axis in self.axes)

    @property
    def lengths(self) -> tuple[np.ndarray, ...]:
        """Along each axis the widths of the nodes' cells: h, half of it at the ends."""
        return tuple(
            h * np.r_[0.5, np.ones(n - 2), 0.5] for h, n in zip(self.spacings, self.shape, strict=True)
        )

    def volumes(self) -> np.ndarray:
        """Volumes of the nodes' cells, in the grid's shape; they sum to the box's."""
        return functools.reduce(np.multiply.outer, self.lengths)

    def faces(self, axis: int) -> np.ndarray:
        """Areas of the faces between the cells of neighbours along an axis, in the order of `neighbours`."""
        lengths = [np.ones(len(w) - 1) if k == axis else w for k, w in enumerate(self.lengths)]
        return functools.reduce(np.multiply.outer, lengths).ravel()

    def points(self) -> np.ndarray:
        """(nodes, d) coordinates of the nodes, in C order: the last axis runs fastest."""
        return np.stack(np.meshgrid(*self.axes, indexing="ij"), axis=-1).reshape(-1, self.dim)

    def positions(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, d) positions in units of the spacings: 0 at the first node, 1 at the second."""
        return (x - np.array([axis[0] for axis in self.axes])) / np.array(self.spacings)

    def paces(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, d) slopes of the positions there."""
        return np.broadcast_to(1.0 / np.array(self.spacings), x.shape)

    def numbers(self, index: np.ndarray) -> np.ndarray:
        """(..., d) whole positions -> flat numbers of the nodes; one outside stands for the nearest inside."""
        strides = np.cumprod((1, *self.shape[:0:-1]))[::-1]
        return np.clip(index, 0, np.array(self.shape) - 1) @ strides

    def neighbours(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Flat numbers of the nodes at the lower and at the upper end of every edge along an axis."""
        numbers = np.arange(np.prod(self.shape)).reshape(self.shape)
        end = self.shape[axis] - 1
        return np.take(numbers, range(end), axis).ravel(), np.take(numbers, range(1, end + 1), axis).ravel()

    def steps(self, axis: int) -> np.ndarray:
        """Lengths of the edges along an axis, in the order of `neighbours`."""
        return np.full(math.prod(n - (k == axis) for k, n in enumerate(self.shape)), self.spacings[axis])

    def joined(self) -> np.ndarray:
        """(nodes,) flat number of the node that each is the same as where opposite walls of the box are one."""
        index = np.meshgrid(*[np.r_[: n - 1, 0] for n in self.shape], indexing="ij")
        return self.numbers(np.stack(index, axis=-1)).ravel()

    def edge_points(self, axis: int, fraction: float) -> np.ndarray:
        """(m, d) points that divide the edges along `axis` at this fraction of their length."""
        along = self.axes[axis]
        axes = [*self.axes[:axis], along[:-1] + fraction * self.spacings[axis], *self.axes[axis + 1 :]]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, self.dim)


def spline(grid: TensorGrid, values: np.ndarray) -> NdBSpline:
    """The interpolating tensor-product spline of values in the grid's shape (not-a-knot ends)."""
    knots = []
    for k, axis in enumerate(grid.axes):
        line = make_interp_spline(axis, values, k=DEGREE, axis=k)
        # make_interp_spline keeps its coefficients with the axis of interpolation first.
        values = np.moveaxis(line.c, 0, k)
        knots.append(line.t)
    return NdBSpline(tuple(knots), np.ascontiguousarray(values), DEGREE)


def resampled(grid: TensorGrid, values: np.ndarray, target: TensorGrid) -> np.ndarray:
    """Values at the nodes of another grid of the same box, by the same splines, axis by axis."""
    for k, axis in enumerate(grid.axes):
        line = make_interp_spline(axis, values, k=DEGREE, axis=k)
        values = line(target.axes[k])
    return values
