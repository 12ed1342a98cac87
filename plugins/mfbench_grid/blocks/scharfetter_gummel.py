"""Scharfetter-Gummel fluxes: finite volumes that keep densities positive and Gibbs laws exact.

The flux of -D grad p + b p along an edge of length h, with w = (1/D) int b . ds along it, is

    J = -(D / h) [B(w) p_hi - B(-w) p_lo],   B(w) = w / (e^w - 1),

which vanishes exactly where p_hi / p_lo = e^w. Taking w from the integral instead of from b at the
middle makes every Gibbs law exact at the nodes, on any grid: for b = -grad V, w = -(V_hi - V_lo) / D.

Source: Scharfetter, Gummel, IEEE Trans. Electron Devices 16 (1969) 64, who solve for the flux with
constant drift along an edge; Chang, Cooper, J. Comput. Phys. 6 (1970) 1, for Fokker-Planck
equations. Second order in h.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench_grid.blocks.stationary_law import Edges
from mfbench_grid.blocks.tensor_grid import TensorGrid


def log_bernoulli(w: np.ndarray) -> np.ndarray:
    """log B(w) to round-off for every w, by B(-a) = a / (1 - e^-a) and B(a) = e^-a B(-a) for a >= 0."""
    size = np.abs(w)
    downhill = np.divide(size, -np.expm1(-size), out=np.ones_like(size), where=size > 0)
    return np.log(downhill) - np.maximum(w, 0.0)


@functools.cache
def gauss(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of Gauss and Legendre on [-1, 1], kept: on small grids they would take as long as all else."""
    points, weights = leggauss(order)
    return points, weights


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
    points, weights = gauss(order)
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
    """log p that follows from zero flux along paths from the middle, averaged over the orders of axes.

    Exact for gradient drifts. Circulation b = A x cancels between the orders.
    """
    orders = list(itertools.permutations(range(len(works))))
    total = sum(
        _path_potential([works[k].transpose(order) for k in order]).transpose(np.argsort(order))
        for order in orders
    )
    return total / len(orders)


def _path_potential(works: Sequence[np.ndarray]) -> np.ndarray:
    """The same along the first axis, then the second, and so on."""
    potential = np.zeros(())
    for axis, work in enumerate(works):
        middle = tuple(n // 2 for n in work.shape[axis + 1 :])
        line = np.cumsum(work[(..., *middle)], axis=-1)
        line = np.concatenate([np.zeros((*line.shape[:-1], 1)), line], axis=-1)
        centre = line.shape[-1] // 2
        potential = potential[..., None] + line - line[..., centre : centre + 1]
    return potential


def prolonged(log_p: np.ndarray, works: Sequence[np.ndarray]) -> np.ndarray:
    """log p on the grid of half the spacing: between two nodes the mean of what either predicts.

    With the works to the new node from the left and from it to the right, that is
    (log p_l + log p_r + w_l - w_r) / 2: exact for gradient drifts, however coarse the grid.

    Args:
        log_p: values in the shape of the coarse grid.
        works: of the fine grid.
    """
    for axis, work in enumerate(works):
        # Later axes still have the coarse grid's nodes: every second one of the fine grid's.
        lines = np.moveaxis(
            work[(slice(None),) * (axis + 1) + (slice(None, None, 2),) * (log_p.ndim - axis - 1)], axis, 0
        )
        known = np.moveaxis(log_p, axis, 0)
        finer = np.empty((2 * len(known) - 1, *known.shape[1:]))
        finer[::2] = known
        finer[1::2] = (known[:-1] + known[1:] + lines[::2] - lines[1::2]) / 2
        log_p = np.moveaxis(finer, 0, axis)
    return log_p


def edges(works: Sequence[np.ndarray], diffusion: float, grid: TensorGrid) -> Edges:
    """The chain of node densities: p_low up - p_high down flows through the face between two cells."""
    ends, log_rates = [], []
    for axis, work in enumerate(works):
        scale = np.log(grid.faces(axis) * diffusion / grid.spacings[axis])
        ends.append(grid.neighbours(axis))
        log_rates.append((scale + log_bernoulli(-work.ravel()), scale + log_bernoulli(work.ravel())))
    (low, high), (log_up, log_down) = np.concatenate(ends, axis=1), np.concatenate(log_rates, axis=1)
    return Edges(low=low, high=high, log_up=log_up, log_down=log_down)
