"""Triangles on the sheet of a `PuncturedBox`: a tensor grid, halved cells, holes left out."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from mfbench_committor.references.punctured_box import PuncturedBox

LEAST = 2
"""Cells between neighbouring corners at least: a coarse grid still sees the layer around a disc."""
SHRINK = 4.0
"""Ratio of the widths of layers (see `PuncturedBox`)."""


@dataclass(frozen=True, kw_only=True)
class SheetGrid:
    """The triangles that cover the sheet, and where to find a point's own.

    Args:
        lines: increasing grid lines of x and of y.
        points: (2, P) vertices on the sheet.
        triangles: (3, T) indices of vertices.
        number: (2, I, J) index of the lower and the upper triangle of each cell, -1 where there is none.
        rising: (I, J) True where the cell's diagonal rises to the right.
    """

    lines: tuple[np.ndarray, np.ndarray]
    points: np.ndarray
    triangles: np.ndarray
    number: np.ndarray
    rising: np.ndarray

    def find(self, sheet: np.ndarray) -> np.ndarray:
        """(2, n) points of the sheet -> (n,) index of their triangle, -1 where there is none."""
        cells, local = [], []
        for coordinate, lines in zip(sheet, self.lines, strict=True):
            cell = np.clip(np.searchsorted(lines, coordinate, side="right") - 1, 0, len(lines) - 2)
            cells.append(cell)
            local.append((coordinate - lines[cell]) / (lines[cell + 1] - lines[cell]))
        i, j = cells
        x, y = local
        above = np.where(self.rising[i, j], y > x, y > 1.0 - x)
        inside = (x >= 0.0) & (x <= 1.0) & (y >= 0.0) & (y <= 1.0)
        return np.where(inside, self.number[above.astype(int), i, j], -1)

    def restricted(self, keep: np.ndarray) -> SheetGrid:
        """The grid of the (T,) triangles that are True in `keep`."""
        used, triangles = np.unique(self.triangles[:, keep], return_inverse=True)
        new = np.append(np.where(keep, np.cumsum(keep) - 1, -1), -1)  # the last entry serves number -1
        return SheetGrid(
            lines=self.lines,
            points=np.ascontiguousarray(self.points[:, used]),
            triangles=np.ascontiguousarray(triangles.reshape(3, -1)),
            number=new[self.number],
            rising=self.rising,
        )


def grid_lines(box: PuncturedBox, axis: int, spacing: float, halvings: int) -> np.ndarray:
    """Lines through all corners of squares and holes, at most `spacing` apart, then halved.

    Halving the cells of one coarse grid, and not choosing their number anew, makes errors of
    successive grids comparable.
    """
    low, high = box.lower[axis], box.upper[axis]
    offsets = np.array([-box.reach, -box.reach / 2, box.reach / 2, box.reach])
    # Alike along both axes: diagonals of the squares, where the map has kinks, stay lines of the grid.
    outward = box.reach / 2 * (1.0 + SHRINK ** -np.arange(1.0, box.layers + 1.0))
    offsets = np.concatenate([offsets, -outward, outward])
    corners = np.concatenate([[low, high], *(centre[axis] + offsets for centre in box.centres)])
    corners = np.sort(corners[(corners >= low) & (corners <= high)])
    corners = corners[np.append(True, np.diff(corners) > 1e-9 * (high - low))]
    parts = [
        np.linspace(a, b, max(LEAST, math.ceil((b - a) / spacing - 1e-9)) * 2**halvings, endpoint=False)
        for a, b in itertools.pairwise(corners)
    ]
    return np.concatenate([*parts, corners[-1:]])


def sheet_grid(box: PuncturedBox, spacing: float, halvings: int = 0) -> SheetGrid:
    """The grid of a sheet. Diagonals of cells within a square run along the rays from its centre."""
    x, y = (grid_lines(box, axis, spacing, halvings) for axis in (0, 1))
    columns, rows = len(x) - 1, len(y) - 1
    corner = np.arange(len(x) * len(y)).reshape(len(x), len(y))
    middle = np.stack(np.meshgrid((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2, indexing="ij"))
    solid = np.ones((columns, rows), dtype=bool)
    rising = np.ones((columns, rows), dtype=bool)
    for centre in box.centres:
        d = middle - np.reshape(centre, (2, 1, 1))
        m = np.max(np.abs(d), axis=0)
        solid &= m > box.reach / 2
        rising = np.where(m < box.reach, d[0] * d[1] > 0, rising)
    a, b, c, d = corner[:-1, :-1], corner[1:, :-1], corner[:-1, 1:], corner[1:, 1:]
    lower = np.where(rising, np.stack([a, b, d]), np.stack([a, b, c]))
    upper = np.where(rising, np.stack([a, d, c]), np.stack([b, d, c]))
    grid = SheetGrid(
        lines=(x, y),
        points=np.stack(np.meshgrid(x, y, indexing="ij")).reshape(2, -1),
        triangles=np.stack([lower, upper], axis=1).reshape(3, -1),
        number=np.arange(2 * columns * rows).reshape(2, columns, rows),
        rising=rising,
    )
    return grid.restricted(np.broadcast_to(solid, (2, columns, rows)).ravel())
