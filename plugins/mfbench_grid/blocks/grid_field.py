"""A function known at the free nodes of a grid and on the boundaries between them, anywhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mfbench_grid.blocks.local_fit import LocalFit
from mfbench_grid.blocks.tensor_grid import TensorGrid

WIDTH = 6
"""Nodes along each axis of a window: quintic, error h^6."""

BAND = 8
"""Layers of nodes next to those that are not free which fits may use. A window that lacks a node lies
within three layers of it; from there a fit's neighbours reach four or five layers further."""

BASIS = np.linalg.inv(np.vander(np.arange(WIDTH) - (WIDTH - 1) / 2, increasing=True))
"""(power, node): coefficients of Lagrange's polynomials, the origin in the middle of the window."""


@dataclass(frozen=True)
class GridField:
    """Quintic interpolation in windows of free nodes; least squares where a window lacks one. Both in the grid's positions.

    Either way no value from beyond a boundary enters, where the function has a kink.

    Args:
        grid: the nodes.
        values: (nodes,); of the free ones only.
        free: (nodes,) booleans.
        fit: through the free nodes of the band and the points on the boundaries.
    """

    grid: TensorGrid
    values: np.ndarray
    free: np.ndarray
    fit: LocalFit

    @classmethod
    def through(
        cls,
        grid: TensorGrid,
        free: np.ndarray,
        values: np.ndarray,
        sizes: np.ndarray,
        x: np.ndarray,
        at_x: np.ndarray,
    ) -> GridField:
        """The field with given values at the free nodes and on the boundaries.

        Args:
            grid: the nodes.
            free: (nodes,) booleans.
            values: (n,) at the free nodes, in their order.
            sizes: (n,) >= 0 of what errors there are to be compared to; on the boundaries it is 0.
            x: (c, d) points on the boundaries.
            at_x: (c,) values there.
        """
        full, full_sizes = np.zeros((2, len(free)))
        full[free], full_sizes[free] = values, sizes
        depth = ndimage.distance_transform_cdt(free.reshape(grid.shape), metric="chessboard")
        band = free & (depth.ravel() <= BAND)
        nodes = np.stack(np.unravel_index(np.flatnonzero(band), grid.shape), axis=1)
        fit = LocalFit(
            np.concatenate([nodes, grid.positions(x)]),
            np.concatenate([full[band], at_x]),
            np.concatenate([full_sizes[band], np.zeros(len(x))]),
            np.ones(grid.dim),
        )
        return cls(grid, full, free, fit)

    def at_nodes(self, x: np.ndarray) -> np.ndarray:
        """(n, d) coordinates of nodes -> (n,) values there, without any interpolation."""
        return self.values[self.grid.numbers(np.rint(self.grid.positions(x)).astype(int))]

    def value(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n,); outside the box the value at the nearest point of it."""
        position = self.grid.positions(self._inside(x))
        window, complete, place = self._windows(position)
        result = np.empty(len(x))
        result[complete] = _contracted(
            self.values[window[complete]], [_weights(p[complete]) for p in place.T]
        )
        if not np.all(complete):
            result[~complete] = self.fit(position[~complete])[0]
        return result

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """(n, d) points -> (n, d)."""
        moved = self._inside(x)
        position = self.grid.positions(moved)
        window, complete, place = self._windows(position)
        values = self.values[window[complete]]
        weights = [_weights(p[complete]) for p in place.T]
        result = np.empty(x.shape)
        for axis in range(self.grid.dim):
            slopes = [*weights]
            slopes[axis] = _weights(place[complete, axis], derivative=True)
            result[complete, axis] = _contracted(values, slopes)
        if not np.all(complete):
            result[~complete] = self.fit(position[~complete])[1]
        return np.where(moved == x, result * self.grid.paces(moved), 0.0)

    def _inside(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, [axis[0] for axis in self.grid.axes], [axis[-1] for axis in self.grid.axes])

    def _windows(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Node numbers (n, WIDTH, ..., WIDTH), whether all are free (n,), the points' place in them (n, d)."""
        grid = self.grid
        corner = np.floor(position).astype(int) - (WIDTH // 2 - 1)
        corner = np.clip(corner, 0, np.array(grid.shape) - WIDTH)
        offsets = np.stack(np.meshgrid(*[np.arange(WIDTH)] * grid.dim, indexing="ij"), axis=-1)
        window = grid.numbers(corner).reshape((-1, *[1] * grid.dim)) + grid.numbers(offsets)
        complete = np.all(self.free[window], axis=tuple(range(1, grid.dim + 1)))
        return window, complete, position - corner - (WIDTH - 1) / 2


def _weights(place: np.ndarray, derivative: bool = False) -> np.ndarray:
    """(n,) places in a window -> (n, WIDTH) weights of its nodes."""
    powers = np.vander(place, WIDTH, increasing=True)
    if derivative:
        powers = np.concatenate([np.zeros((len(place), 1)), powers[:, :-1] * np.arange(1, WIDTH)], axis=1)
    return powers @ BASIS


def _contracted(values: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """sum over nodes of values (n, WIDTH, ..., WIDTH) times the product of weights (n, WIDTH) per axis."""
    for weight in reversed(weights):
        values = np.einsum("n...k,nk->n...", values, weight)
    return values
