"""Parts of A and B that are small beside the spacings of a grid: where, and how large, by their boundary functions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.crossing import Boundary, crossing

SMALL = {2: 0.8, 3: 1.6}
"""Spacings that a part measures at most along some axis, by dimension. On a line it does not matter how large a set is: the
process meets its end."""
LONGEST = 4.0
"""Spacings that it measures at most along every axis: what is longer is a wall."""
FLATTEST = 1 / 8
"""Least width along an axis, in units of the largest, for which a grid is graded."""
PASSES = 3
"""Chords through the middle of the last ones: from a start point next to a boundary to the middle of a ball."""
SHARES = 0.5 ** np.arange(34)
"""Of the longest chord, at which its end is looked for."""
BETWEEN = np.linspace(0.0, 1.0, 33)
"""Where one looks whether two points of a set are joined in it."""


class Parts(NamedTuple):
    """Small parts: middles (m, d), and half widths along the axes (m, d)."""

    middles: np.ndarray
    radii: np.ndarray


def small_parts(problem: CommittorProblem, spacings: np.ndarray) -> Parts:
    """The parts about start points in the box that are small, each once; what lies beyond the box is not theirs.

    Args:
        problem: the problem. Its boundary functions are asked in its box alone.
        spacings: (d,) of the grid.
    """
    found = Parts(np.empty((0, problem.dim)), np.empty((0, problem.dim)))
    if problem.dim not in SMALL:
        return found
    for boundary, starts in ((problem.boundary_a, problem.start_a), (problem.boundary_b, problem.start_b)):
        here = np.all((starts >= problem.box[0]) & (starts <= problem.box[1]), axis=1)
        parts = _parts(boundary, np.asarray(starts[here], float), spacings, problem.box)
        found = Parts(*map(np.concatenate, zip(found, parts, strict=True)))
    return found


def _parts(boundary: Boundary, middles: np.ndarray, spacings: np.ndarray, box: np.ndarray) -> Parts:
    """Of one set."""
    widths, small, longest = np.zeros(middles.shape), SMALL[len(spacings)] * spacings, LONGEST * spacings
    for _ in range(PASSES):
        if not len(middles):
            return Parts(middles, widths)
        middles, widths = _chords(boundary, middles, longest, box)
        kept = np.all(widths <= longest, axis=1) & np.any(widths < small, axis=1)
        middles, widths = middles[kept], widths[kept]
    first: list[int] = []
    for number, middle in enumerate(middles):
        if not any(_joined(boundary, middles[other], middle) for other in first):
            first.append(number)
    radii = widths[first] / 2
    largest = np.max(radii, axis=1, keepdims=True, initial=0.0)
    return Parts(middles[first], np.maximum(radii, FLATTEST * largest))


def _joined(boundary: Boundary, one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the straight line between two points stays in the set."""
    return bool(np.all(np.asarray(boundary(one + BETWEEN[:, None] * (other - one))) <= 0))


def _chords(
    boundary: Boundary, x: np.ndarray, longest: np.ndarray, box: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the chords of a set through its points x (n, d), along the axes: their middles, where these lie in the set, else x,
    and their lengths, inf where no end is found within the longest. (n, d) both. A wall of the box is an end too."""
    wall = np.stack([x - box[0], box[1] - x])
    length = np.minimum(wall, longest)
    rays = length[..., None] * np.array([-1.0, 1.0])[:, None, None, None] * np.eye(x.shape[1])
    starts = np.broadcast_to(x[:, None], rays.shape)
    shares = SHARES.reshape(-1, 1, 1, 1)
    places = np.clip(starts + shares[..., None] * rays, *box)
    out = (np.asarray(boundary(places.reshape(-1, x.shape[1]))) > 0).reshape(places.shape[:-1])
    share = np.min(np.where(out, shares, np.inf), axis=0)
    ends = np.isfinite(share)
    # The set's end lies between this share and half of it, seen from outside.
    back = share[ends, None] * rays[ends] / 2
    share[ends] *= 1 - crossing(boundary, np.clip(starts[ends] + 2 * back, *box), -back) / 2
    reach = np.where(ends, share, np.where(wall <= longest, 1.0, np.inf)) * length
    known = np.where(np.isfinite(reach), reach, 0.0)
    middles = x + (known[1] - known[0]) / 2
    inside = np.asarray(boundary(middles)) <= 0
    return np.where(inside[:, None], middles, x), np.sum(reach, axis=0)
