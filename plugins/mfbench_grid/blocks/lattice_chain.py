"""The Fokker-Planck operator with noise in any direction as a jump chain on a lattice: positive and conservative.

    p' = -div(u p - D grad p),   u = b - div D   (rows of D),   D = sum_e w_e(x) e e^T

by Selling's offsets e (`selling`), in units of the spacings. Between x and x + e flows Scharfetter and Gummel's flux

    J_e = w [B(-a) p(x) - B(a) p(x + e)],   w = (w_e(x) + w_e(x + e)) / 2,   a = e . (D^-1 u (x) + D^-1 u (x + e)) / 2,

so that every rate is >= 0, columns sum to 0, and the error is of order h^2 with h about the root of a cell's volume in
the metric D^-1, however drawn out D is. With D^-1 u = grad U linear in x the law e^U is in exact balance. Jumps that
would leave the active nodes are left out; a wall is met with order h only, and is to lie where the law is negligible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from mfbench_grid.blocks.scharfetter_gummel import log_bernoulli
from mfbench_grid.blocks.selling import decomposition
from mfbench_grid.blocks.tensor_grid import TensorGrid


@dataclass(frozen=True)
class LatticeChain:
    """A chain of m nodes.

    Args:
        rates: (m, m), p' = rates p; columns sum to 0, off the diagonal nothing is negative.
        ellipses: (k, 2) half-axes (a, b) along the real and the imaginary axis: with frozen coefficients every
            eigenvalue lies in an ellipse about -a with one of these.
    """

    rates: csr_matrix
    ellipses: np.ndarray


def lattice_chain(grid: TensorGrid, active: np.ndarray, noise: np.ndarray, push: np.ndarray) -> LatticeChain:
    """The chain on the active nodes of a grid in the plane.

    Args:
        grid: the lattice.
        active: bool, in the grid's shape; m of them.
        noise: D at the active nodes, (m, 2, 2), positive definite.
        push: b - div D there, (m, 2).
    """
    h = np.array(grid.spacings)
    weights, offsets = decomposition(noise / np.outer(h, h))
    work = np.linalg.solve(noise, push[:, :, None])[:, :, 0] * h
    places = np.argwhere(active)
    count = len(places)
    numbers = np.full(grid.shape, -1)
    numbers[active] = np.arange(count)
    gains, sources, rates, turns = [], [], [], np.zeros(count)
    for k in range(weights.shape[1]):
        for sign in (1, -1):
            offset = sign * offsets[:, k]
            ends = places + offset
            inside = (weights[:, k] > 0) & np.all((ends >= 0) & (ends < grid.shape), axis=1)
            lo = np.flatnonzero(inside)
            hi = numbers[tuple(ends[lo].T)]
            lo, hi = lo[hi >= 0], hi[hi >= 0]
            along = np.sum(offset[lo] * (work[lo] + work[hi]), axis=1) / 2.0
            half = weights[lo, k] / 2.0
            gains += [hi, lo]
            sources += [lo, hi]
            rates += [half * np.exp(log_bernoulli(-along)), half * np.exp(log_bernoulli(along))]
            # Along e the eigenvalues are -w (B(a) + B(-a)) (1 - cos) + i w a sin; w a is that of two edges.
            turns += np.bincount(np.r_[lo, hi], np.tile(half * np.abs(along) / 2.0, 2), count)
    gain, source, rate = np.concatenate(gains), np.concatenate(sources), np.concatenate(rates)
    loss = np.bincount(source, rate, count)
    every = np.arange(count)
    matrix = csr_matrix(
        (np.r_[rate, -loss], (np.r_[gain, every], np.r_[source, every])), shape=(count, count)
    )
    return LatticeChain(matrix, by_octaves(loss, turns))


def by_octaves(loss: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(k, 2): the largest a and b of nodes of like a."""
    octave = np.floor(np.log2(np.maximum(loss, 1e-300)))
    return np.array(
        [(np.max(loss[octave == one]), np.max(turns[octave == one])) for one in np.unique(octave)]
    )
