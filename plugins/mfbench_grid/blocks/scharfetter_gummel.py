"""Scharfetter-Gummel fluxes: finite volumes that keep densities positive and Gibbs laws exact.

The flux of -D grad p + b p along an edge of length h, with w = (1/D) int b . ds along it, is

    J = -(D / h) [B(w) p_hi - B(-w) p_lo],   B(w) = w / (e^w - 1),

which vanishes exactly where p_hi / p_lo = e^w. Taking w from the integral instead of from b at the
middle makes every Gibbs law exact at the nodes, on any grid: for b = -grad V, w = -(V_hi - V_lo) / D.

Source: Scharfetter, Gummel (1969), IEEE Trans. Electron Devices 16, equation (A4); Chang, Cooper
(1970), J. Comput. Phys. 6, for Fokker-Planck equations. Second order in h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench_grid.blocks.tensor_grid import TensorGrid


def bernoulli(w: np.ndarray) -> np.ndarray:
    """B(w) = w / (e^w - 1), to round-off for every w: B(-a) = a / (1 - e^-a), B(a) = e^-a B(-a)."""
    size = np.abs(w)
    downhill = np.divide(size, -np.expm1(-size), out=np.ones_like(size), where=size > 0)
    return np.where(w > 0, downhill * np.exp(-size), downhill)


def edge_works(
    drift: Callable[[np.ndarray], np.ndarray], diffusion: float, grid: TensorGrid, order: int
) -> list[np.ndarray]:
    """Per axis k the integrals w of b_k / D along its edges, in the grid's shape less one along k.

    Args:
        drift: b, (n, d) -> (n, d).
        diffusion: the scalar D.
        grid: the nodes.
        order: Gauss-Legendre points per edge; exact for drifts of degree 2 order - 1 along it.
    """
    points, weights = leggauss(order)
    works = []
    for axis, h in enumerate(grid.spacings):
        shape = tuple(n - (k == axis) for k, n in enumerate(grid.shape))
        work = np.zeros(shape)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            along = np.asarray(drift(grid.edge_points(axis, point)))[:, axis]
            work += weight * h / diffusion * along.reshape(shape)
        works.append(work)
    return works


def path_potential(works: Sequence[np.ndarray]) -> np.ndarray:
    """log p that follows from zero flux along paths: the first axis, then the second, and so on.

    Exact for gradient drifts. The paths leave from the node in the middle.
    """
    potential = np.zeros(())
    for axis, work in enumerate(works):
        middle = tuple(n // 2 for n in work.shape[axis + 1 :])
        line = np.cumsum(work[(..., *middle)], axis=-1)
        line = np.concatenate([np.zeros((*line.shape[:-1], 1)), line], axis=-1)
        centre = line.shape[-1] // 2
        potential = potential[..., None] + line - line[..., centre : centre + 1]
    return potential


def edge_rates(
    works: Sequence[np.ndarray], diffusion: float, grid: TensorGrid
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The edges as a Markov chain of node densities: (low, high, up, down), each (edges,).

    `low` and `high` are flat node numbers; p_low up - p_high down is the flow from low to high
    through the face between their cells.
    """
    numbers = np.arange(np.prod(grid.shape)).reshape(grid.shape)
    low, high, up, down = [], [], [], []
    for axis, work in enumerate(works):
        lengths = [w if k != axis else np.ones(len(w) - 1) for k, w in enumerate(grid.lengths)]
        face = np.ones(())
        for length in lengths:
            face = np.multiply.outer(face, length)
        scale = (face * diffusion / grid.spacings[axis]).ravel()
        end = grid.shape[axis] - 1
        low.append(np.take(numbers, range(end), axis).ravel())
        high.append(np.take(numbers, range(1, end + 1), axis).ravel())
        up.append(scale * bernoulli(-work).ravel())
        down.append(scale * bernoulli(work).ravel())
    return np.concatenate(low), np.concatenate(high), np.concatenate(up), np.concatenate(down)
