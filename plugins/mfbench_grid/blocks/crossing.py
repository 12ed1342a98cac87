"""Where grid edges enter a set, read off the sign of its boundary function alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench_grid.blocks.tensor_grid import TensorGrid

Boundary = Callable[[np.ndarray], np.ndarray]

HALVINGS = 44
"""2^-44 of an edge: finer than the round-off of x + t * step."""

SHORTEST = 1e-9
"""Least fraction of an edge: a node this close to a set takes the set's value anyhow."""


def crossing(boundary: Boundary, x: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Fractions t in (0, 1] at which the edges from x to x + step enter {boundary <= 0}.

    Bisection looks at signs only: whatever positive factor multiplies the boundary function,
    the answer stays the same.

    Args:
        boundary: signed boundary function, > 0 at every x.
        x: (n, d) nodes outside the set.
        step: (d,) or (n, d) to the neighbours. Where the neighbour lies outside as well, t is 1.
    """
    low, high = np.zeros(len(x)), np.ones(len(x))
    for _ in range(HALVINGS if len(x) else 0):
        middle = (low + high) / 2
        inside = np.asarray(boundary(x + middle[:, None] * step)) <= 0
        high = np.where(inside, middle, high)
        low = np.where(inside, low, middle)
    return np.maximum(high, SHORTEST)


def nodes_about(grid: TensorGrid, inside: np.ndarray, start: np.ndarray) -> np.ndarray:
    """(m,) numbers of nodes of a set within four spacings of points known to lie in it.

    Args:
        grid: the nodes.
        inside: (nodes,) booleans: which of them lie in the set.
        start: (m, d) points in the set.
    """
    offsets = np.stack(np.meshgrid(*[np.arange(-3, 5)] * grid.dim, indexing="ij"), axis=-1)
    corner = np.floor(grid.positions(start)).astype(int)
    return np.array([np.count_nonzero(inside[grid.numbers(point + offsets)]) for point in corner])
