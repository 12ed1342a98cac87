"""Cell centres of a box, and those of them that lie in a set which is known by a membership function alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Membership = Callable[[np.ndarray], np.ndarray]
"""(n, d) -> (n,) booleans."""

SEARCHED = {1: 1000, 2: 100, 3: 30}
"""Cells along an axis of the box, by dimension, in which a set is looked for."""


def cell_centres(box: np.ndarray, cells: int | np.ndarray) -> np.ndarray:
    """(n, d) centres of the equal cells of a box (2, d), so many along each axis; one number serves all axes."""
    counts = np.broadcast_to(cells, box.shape[1])
    axes = [
        lower + (upper - lower) * (np.arange(count) + 0.5) / count
        for (lower, upper), count in zip(box.T, counts, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


class LatticeSet:
    """A set in committor-kmc's terms (its protocol `State`): membership, and points that fill the set.

    Args:
        name: what the package calls it.
        contains: membership.
        known: (m, d) points in the set; they are among the points that fill it, so that no part that they
            mark goes missing, however small.
        box: (2, d) corners of the box in which the set is looked for.
    """

    def __init__(self, name: str, contains: Membership, known: np.ndarray, box: np.ndarray) -> None:
        self.name = name
        self.contains = contains
        self.known = known
        cells = SEARCHED[len(known[0])]
        centres = cell_centres(box, cells)
        found = np.concatenate([centres[contains(centres)], known])
        reach = (box[1] - box[0]) / cells
        self.extent = np.clip([found.min(axis=0) - reach, found.max(axis=0) + reach], box[0], box[1])
        """(2, d) corners of a box about what was found of the set, a cell wider on all sides."""

    def collocation_points(self, resolution: int = 15) -> np.ndarray:
        """(n, d) points of the set: those of `resolution` cells along each axis of its extent, and the known ones."""
        centres = cell_centres(self.extent, resolution)
        return np.concatenate([centres[self.contains(centres)], self.known])
