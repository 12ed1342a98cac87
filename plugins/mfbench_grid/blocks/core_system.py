"""The banded linear system whose solution is the minimum over one core of a train.

A core's unknowns are its values at the nodes of one coordinate, and elements couple a node to the next `ORDER` ones only.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, solveh_banded

from mfbench_grid.blocks.elements import ORDER, Elements

RIDGES = (1e-14, 1e-11, 1e-8)
"""Added to the diagonal of a system that is scaled to 1 there, the first with which it is positive in round-off."""
TINY = 1e-300


def assembled(
    part: Elements, mass: np.ndarray, stiffness: np.ndarray, load: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The system of one core, unknowns ordered by node, then by the bonds' indices (m of them).

    Args:
        part: the functions.
        mass: (points, m, m) what multiplies values. stiffness: what multiplies slopes. load: (points, m).

    Returns:
        The lower band of the matrix as LAPACK wants it, and the right-hand side.
    """
    first, values, slopes = part.located(part.points)
    nodes, m, per_part = len(part.nodes), mass.shape[1], len(part.points) // (len(part.edges) - 1)
    force = np.zeros((nodes, m))
    blocks = np.zeros((nodes, ORDER + 1, m, m))
    starts = first[::per_part]
    w = part.weights[:, None]

    def summed(terms: np.ndarray) -> np.ndarray:
        return terms.reshape(len(starts), per_part, *terms.shape[1:]).sum(axis=1)

    for i in range(ORDER + 1):
        np.add.at(force, starts + i, summed(w * values[:, i, None] * load))
        for o in range(ORDER + 1 - i):
            by_value, by_slope = (w[:, 0] * f[:, i] * f[:, i + o] for f in (values, slopes))
            terms = by_value[:, None, None] * mass + by_slope[:, None, None] * stiffness
            np.add.at(blocks, (starts + i, o), summed(terms))
    band = np.zeros(((ORDER + 1) * m, nodes * m))
    row, column = np.indices((m, m))
    for o in range(ORDER + 1):
        below = o * m + row - column
        kept = below >= 0
        at = (np.arange(nodes) * m)[:, None] + column[kept]
        band[below[kept], at] = blocks[:, o, row[kept], column[kept]]
    return band, force.ravel()


def solved(band: np.ndarray, force: np.ndarray) -> np.ndarray:
    """The solution of a system in lower banded form, scaled to a diagonal of ones first.

    Raises:
        LinAlgError: not positive definite with the largest of `RIDGES` either: values that are not finite.
    """
    size, n = band.shape
    scale = 1.0 / np.sqrt(np.maximum(band[0], TINY + 1e-30 * np.max(band[0])))
    padded = np.concatenate([scale, np.zeros(size)])
    scaled = band * scale * padded[np.arange(n) + np.arange(size)[:, None]]
    for ridge in RIDGES:
        scaled[0] += ridge
        try:
            return scale * solveh_banded(scaled, scale * force, lower=True)
        except LinAlgError:
            if ridge == RIDGES[-1]:
                raise
    raise AssertionError("RIDGES is empty")
