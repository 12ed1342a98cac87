"""The Fokker-Planck operator on a tensor grid, split by directions: p' = sum_k F_k p + F_0 p.

F_k holds what flows along axis k by drift b_k and noise D_kk, between neighbours only; F_0 the mixed derivatives. All are
conservative: sum_i (F p)_i |cell_i| = 0, no flux through the walls.

Along an axis d_k(b_k p - d_k(D_kk p)) is discretised by Scharfetter and Gummel's flux for u = D_kk p,

    J = (1/h) [B(-w) u_lo - B(w) u_hi],   w = int b_k / D_kk ds along the edge,

which is exact for the steady flux of any D_kk(x), positive, and of order h^2. Where an axis has no noise at all that
would be upwinding, of order h; the mean b_k (p_lo + p_hi) / 2 is taken instead: order h^2, and no longer positive.
Mixed derivatives d_k d_l (D_kl p) are central, of order h^2, and not positive either.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss

from mfbench_grid.blocks.scharfetter_gummel import log_bernoulli
from mfbench_grid.blocks.tensor_grid import TensorGrid

Field = Callable[[np.ndarray], np.ndarray]

NO_NOISE = 1e-14
"""D_kk relative to the largest noise, below which an axis has none."""


@dataclass(frozen=True)
class Line:
    """F_k: along the first axis of arrays, to which its axis has been moved.

    Args:
        up: rates lo -> hi times the face, per length: (n - 1, ...).
        down: rates hi -> lo.
        lengths: of the cells, (n, 1, ...).
    """

    up: np.ndarray
    down: np.ndarray
    lengths: np.ndarray

    def apply(self, p: np.ndarray) -> np.ndarray:
        """F_k p."""
        flow = self.up * p[:-1] - self.down * p[1:]
        gain = np.zeros_like(p)
        gain[:-1] -= flow
        gain[1:] += flow
        return gain / self.lengths

    def implicit(self, share: float) -> ImplicitLine:
        """The solver of (1 - share F_k) y = r, factored."""
        through = np.ones((len(self.lengths), *self.up.shape[1:]))
        through[:-1] += share * self.up / self.lengths[:-1]
        through[1:] += share * self.down / self.lengths[1:]
        above = -share * self.down / self.lengths[:-1]
        below = -share * self.up / self.lengths[1:]
        pivots = np.empty_like(through)
        factors = np.empty_like(above)
        pivots[0] = 1.0 / through[0]
        for i in range(len(above)):
            factors[i] = above[i] * pivots[i]
            pivots[i + 1] = 1.0 / (through[i + 1] - below[i] * factors[i])
        return ImplicitLine(below, pivots, factors)


@dataclass(frozen=True)
class ImplicitLine:
    """Tridiagonal elimination along the first axis, all lines at once (Thomas)."""

    below: np.ndarray
    pivots: np.ndarray
    factors: np.ndarray

    def solve(self, right: np.ndarray) -> np.ndarray:
        """y."""
        y = np.empty_like(right)
        y[0] = right[0] * self.pivots[0]
        for i in range(1, len(y)):
            y[i] = (right[i] - self.below[i - 1] * y[i - 1]) * self.pivots[i]
        for i in range(len(y) - 2, -1, -1):
            y[i] -= self.factors[i] * y[i + 1]
        return y


@dataclass(frozen=True)
class Operator:
    """All parts at one time.

    Args:
        grid: the nodes.
        lines: F_k by axis.
        mixed: D_kl at the nodes for k < l where it is not zero.
    """

    grid: TensorGrid
    lines: tuple[Line, ...]
    mixed: dict[tuple[int, int], np.ndarray]

    def along(self, axis: int, p: np.ndarray) -> np.ndarray:
        """F_k p in the grid's shape."""
        return np.moveaxis(self.lines[axis].apply(np.moveaxis(p, axis, 0)), 0, axis)

    def across(self, p: np.ndarray) -> np.ndarray | None:
        """F_0 p; None where noise has no mixed part."""
        if not self.mixed:
            return None
        total = np.zeros_like(p)
        for (k, m), noise in self.mixed.items():
            for one, other in ((k, m), (m, k)):
                total += self._mixed_part(noise * p, one, other)
        return total

    def _mixed_part(self, u: np.ndarray, axis: int, other: int) -> np.ndarray:
        """d_axis (d_other u): central slopes at the nodes, their means at the faces; u is 0 beyond the walls."""
        padded = np.pad(np.moveaxis(u, other, 0), [(1, 1)] + [(0, 0)] * (u.ndim - 1))
        slope = np.moveaxis((padded[2:] - padded[:-2]) / (2.0 * self.grid.spacings[other]), 0, other)
        slope = np.moveaxis(slope, axis, 0)
        face = (slope[:-1] + slope[1:]) / 2.0
        gain = np.zeros_like(slope)
        gain[:-1] += face
        gain[1:] -= face
        return np.moveaxis(gain / self.lines[axis].lengths, 0, axis)


def operator(grid: TensorGrid, drift: Field, noise: Field | float, order: int) -> Operator:
    """The operator for drift b, (n, d) -> (n, d), and D: a number or (n, d) -> (n, d, d).

    Args:
        grid: the nodes.
        drift: b.
        noise: D.
        order: Gauss-Legendre points on an edge for w.
    """
    dim = grid.dim
    at_nodes = None if isinstance(noise, float) else noise(grid.points())
    largest = noise if isinstance(noise, float) else float(np.max(np.abs(at_nodes)))
    lines = []
    for axis in range(dim):
        strength = (
            np.full(grid.shape, noise)
            if isinstance(noise, float)
            else at_nodes[:, axis, axis].reshape(grid.shape)
        )
        lines.append(_line(grid, drift, noise, np.moveaxis(strength, axis, 0), axis, order, largest))
    mixed = {}
    if at_nodes is not None:
        for k in range(dim):
            for m in range(k + 1, dim):
                part = at_nodes[:, k, m].reshape(grid.shape)
                if np.any(np.abs(part) > NO_NOISE * largest):
                    mixed[k, m] = part
    return Operator(grid, tuple(lines), mixed)


def _line(
    grid: TensorGrid,
    drift: Field,
    noise: Field | float,
    strength: np.ndarray,
    axis: int,
    order: int,
    largest: float,
) -> Line:
    h = grid.spacings[axis]
    lengths = grid.lengths[axis].reshape(-1, *[1] * (grid.dim - 1))
    shape = tuple(n - (k == axis) for k, n in enumerate(grid.shape))
    moved = functools.partial(np.moveaxis, source=axis, destination=0)
    if float(np.max(strength)) <= NO_NOISE * largest:
        push = np.asarray(drift(grid.edge_points(axis, 0.5)))[:, axis].reshape(shape)
        half = np.ascontiguousarray(moved(push)) / 2.0
        return Line(half, -half, lengths)
    points, weights = leggauss(order)
    work = np.zeros(shape)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        x = grid.edge_points(axis, point)
        along = np.asarray(drift(x))[:, axis]
        work += (
            weight * h * along / (noise if isinstance(noise, float) else noise(x)[:, axis, axis])
        ).reshape(shape)
    work = np.ascontiguousarray(moved(work))
    up = np.exp(log_bernoulli(-work)) * strength[:-1] / h
    down = np.exp(log_bernoulli(work)) * strength[1:] / h
    return Line(up, down, lengths)
