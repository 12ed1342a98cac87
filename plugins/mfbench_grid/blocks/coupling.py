"""The force of a law on a grid along the grid's edges: for drifts that depend on the law itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench_grid.blocks.tensor_grid import TensorGrid

AT_ONCE = 2_000_000
"""Pairs of points at which an interaction is evaluated together."""


def pairs(grid: TensorGrid) -> int:
    """Entries of the matrices that a `Coupling` of the grid's nodes keeps."""
    edges = sum(grid.neighbours(axis)[0].size for axis in range(grid.dim))
    return edges * int(np.prod(grid.shape))


class Coupling:
    """Works (1/D) int F(x, y) . dx along the edges of a grid, of masses at given places y.

    Args:
        interaction: F(x, y), arrays (..., d) that broadcast -> (..., d).
        diffusion: the scalar D.
        grid: the nodes between which the edges run.
        places: (m, d) where masses are.
        order: Gauss-Legendre points per edge.

    Attributes:
        evaluations: of F, each at one pair of points.
    """

    def __init__(
        self,
        interaction: Callable[[Any, Any], Any],
        diffusion: float,
        grid: TensorGrid,
        places: np.ndarray,
        order: int,
    ) -> None:
        self.evaluations = 0
        self._shapes = [tuple(n - (k == axis) for k, n in enumerate(grid.shape)) for axis in range(grid.dim)]
        points, weights = leggauss(order)
        rows = max(1, AT_ONCE // (len(places) * grid.dim))
        self._matrices = []
        for axis, h in enumerate(grid.spacings):
            matrix: np.ndarray | None = None
            for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
                x = grid.edge_points(axis, point)
                if matrix is None:
                    matrix = np.zeros((len(x), len(places)))
                for first in range(0, len(x), rows):
                    some = slice(first, first + rows)
                    force = np.asarray(interaction(x[some, None, :], places[None, :, :]))
                    matrix[some] += weight * h / diffusion * force[:, :, axis]
                self.evaluations += matrix.size
            assert matrix is not None
            self._matrices.append(matrix)

    def works(self, masses: np.ndarray) -> list[np.ndarray]:
        """Per axis the works along its edges, in the grid's shape less one along it, of masses (m,) at the places."""
        return [
            (matrix @ masses).reshape(shape)
            for matrix, shape in zip(self._matrices, self._shapes, strict=True)
        ]
