"""Five-point finite volumes with cut edges: a committor in a plane without finite elements.

Nodes of a uniform grid; the conductance of an edge is the density at its middle; where an edge meets A or B only the
part outside counts (Gibou, Fedkiw, Cheng, Kang, J. Comput. Phys. 176 (2002) 205). Errors are O(h^2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

BISECTIONS = 50


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A law in the plane and two sets.

    Args:
        log_weight: (2, ...) -> (...), log of the density up to a constant.
        level: side 0 or 1, (2, ...) -> (...), below 0 in A or B.
        corners: (2, 2) lower and upper corner of what matters.
        depth: how far below its maximum the density is followed.
        half: the second coordinate is a radius: what matters lies where it is above 0.
    """

    log_weight: Callable[[np.ndarray], np.ndarray]
    level: Callable[[int, np.ndarray], np.ndarray]
    corners: np.ndarray
    depth: float
    half: bool = False


@dataclass(frozen=True, kw_only=True)
class CutVolumes:
    """A committor on a grid.

    Args:
        axes: of the grid.
        q: (n, m) values at nodes; NaN where the density was cut off.
        weights: (n, m) q (1 - q) times the density, normalised.
        dirichlet: int |grad q|^2 dmu.
    """

    axes: tuple[np.ndarray, np.ndarray]
    q: np.ndarray
    weights: np.ndarray
    dirichlet: float

    def at(self, u: np.ndarray) -> np.ndarray:
        """(n,) bilinear values at u (n, 2), NaN next to a node without one."""
        (x, y), q = self.axes, self.q
        i, j = (
            np.clip(np.searchsorted(axis, c) - 1, 0, len(axis) - 2)
            for axis, c in zip((x, y), u.T, strict=True)
        )
        s, t = (u[:, 0] - x[i]) / (x[1] - x[0]), (u[:, 1] - y[j]) / (y[1] - y[0])
        near, far = q[i, j] + t * (q[i, j + 1] - q[i, j]), q[i + 1, j] + t * (q[i + 1, j + 1] - q[i + 1, j])
        return near + s * (far - near)


def cut_volumes(plane: Plane, intervals: int) -> CutVolumes:
    """The committor on a grid of so many intervals along the longer side."""
    corners = plane.corners
    h = np.max(np.diff(corners, axis=0)) / intervals
    # On a half plane nodes sit at (j + 1/2) h: the axis lies between nodes, and no edge crosses it.
    first = np.array([corners[0, 0], h / 2]) if plane.half else corners[0]
    x, y = (np.arange(a, b, h) for a, b in zip(first, corners[1], strict=True))
    nodes = np.stack(np.meshgrid(x, y, indexing="ij"))
    w = plane.log_weight(nodes)
    top = np.max(w)
    kept = w > top - plane.depth
    member = np.full(w.shape, -1)
    for side in (0, 1):
        member[plane.level(side, nodes) <= 0] = side
    number = np.arange(w.size).reshape(w.shape)
    rows, cols, values = [], [], []
    for axis in (0, 1):
        low, high = ((slice(None, -1), slice(None)), (slice(1, None), slice(None)))
        if axis == 1:
            low, high = low[::-1], high[::-1]
        inside = (member[low] >= 0) & (member[high] >= 0)
        edge = kept[low] & kept[high] & ~inside
        start, end = nodes[:, *low][:, edge], nodes[:, *high][:, edge]
        one, two = member[low][edge], member[high][edge]
        outer, inner = np.where(one < 0, start, end), np.where(one < 0, end, start)
        meets, share = np.maximum(one, two), np.ones(len(one))
        for side in (0, 1):
            cut = meets == side
            share[cut] = crossing(plane, side, outer[:, cut], inner[:, cut])
        rows.append(number[low][edge])
        cols.append(number[high][edge])
        values.append(np.exp(plane.log_weight(outer + (inner - outer) * share / 2) - top) / share)
    row, col, conductance = map(np.concatenate, (rows, cols, values))
    graph = sparse.coo_matrix((conductance, (row, col)), (w.size, w.size))
    graph = (graph + graph.T).tocsr()
    degree = np.asarray(graph.sum(axis=1)).ravel()
    free = np.flatnonzero((member.ravel() < 0) & (degree > 0))
    scale = 1 / np.sqrt(degree[free])
    matrix = sparse.diags_array(scale) @ graph[free][:, free] @ sparse.diags_array(scale)
    source = graph[free] @ (member.ravel() == 1).astype(float)
    factors = splu((sparse.eye_array(len(free)) - matrix).tocsc(), permc_spec="MMD_AT_PLUS_A")
    q = np.where(member.ravel() == 1, 1.0, 0.0)
    q[free] = scale * factors.solve(scale * source)
    dirichlet = np.sum(conductance * (q[row] - q[col]) ** 2)
    # Trapezoidal sums of a smooth density that vanishes at all ends are exact to e^{-1/h}.
    density = np.exp(w - top)
    q = q.reshape(w.shape)
    weights = np.clip(q * (1.0 - q), 0.0, None) * density
    q[(degree == 0).reshape(w.shape) & (member < 0)] = np.nan
    return CutVolumes(
        axes=(x, y), q=q, weights=weights / np.sum(weights), dirichlet=dirichlet / (np.sum(density) * h**2)
    )


def crossing(plane: Plane, side: int, outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Share of the segments from `outer` to `inner` (2, n) that lies outside a set, by bisection."""
    low, high = np.zeros(outer.shape[1]), np.ones(outer.shape[1])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        outside = plane.level(side, outer + (inner - outer) * middle) > 0
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    return (low + high) / 2
