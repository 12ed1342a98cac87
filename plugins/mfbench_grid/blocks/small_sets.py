"""Parts of A and B that are small in the box: where they are, and how large, by their boundary functions alone."""

from __future__ import annotations

import numpy as np

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.crossing import Boundary, crossing

SMALL = {2: 1 / 32, 3: 1 / 10}
"""Width, in units of the box's shortest side, below which a part is small: of an equidistant grid that resolves it, few
refinements fit into memory. On a line it does not matter how large a set is: the process meets its end."""
FINEST = 40
"""Halvings of a side down to the shortest chord that is looked for."""
PASSES = 3
"""Chords through the middle of the last ones: from a start point next to a boundary to the middle of a ball."""


def small_parts(problem: CommittorProblem) -> tuple[np.ndarray, np.ndarray]:
    """Middles (m, d) and half widths (m,) of the parts about start points that are small along every axis."""
    sides = problem.box[1] - problem.box[0]
    most = SMALL.get(problem.dim, 0.0) * float(np.min(sides))
    middles, radii = np.empty((0, problem.dim)), np.empty(0)
    for boundary, starts in ((problem.boundary_a, problem.start_a), (problem.boundary_b, problem.start_b)):
        at, widths = np.asarray(starts, float), np.zeros(starts.shape)
        for _ in range(PASSES):
            at, widths = chords(boundary, at, sides)
        for middle, width in zip(at, np.max(widths, axis=1), strict=True):
            known = np.any(np.linalg.norm(middles - middle, axis=1) < radii)
            if 0.0 < width < most and not known:
                middles, radii = np.r_[middles, middle[None]], np.r_[radii, width / 2]
    return middles, radii


def chords(boundary: Boundary, x: np.ndarray, sides: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the chords of a set through its points x (n, d), along the axes: their middles, which lie in the set or are x, and
    their lengths, (n, d) both."""
    ends = np.zeros((2, *x.shape))
    for axis, side in enumerate(sides):
        for which, sign in enumerate((-1.0, 1.0)):
            ends[which, :, axis] = sign * _out(boundary, x, sign * np.eye(len(sides))[axis], side)
    middles = x + np.mean(ends, axis=0)
    inside = np.asarray(boundary(middles)) <= 0
    return np.where(inside[:, None], middles, x), ends[1] - ends[0]


def _out(boundary: Boundary, x: np.ndarray, direction: np.ndarray, side: float) -> np.ndarray:
    """How far (n,) a set reaches from its points x (n, d) in a direction, at most about a side: the first of the distances
    side / 2^k, the shortest first, at which one is out of it, and from there back to the boundary."""
    reach = np.full(len(x), float(side))
    looking = np.ones(len(x), bool)
    for halving in range(FINEST, -1, -1):
        length = side * 2.0**-halving
        out = looking & (np.asarray(boundary(x + length * direction)) > 0)
        reach[out] = length
        looking &= ~out
    # From outside, the boundary is where one enters the set.
    left = x + reach[:, None] * direction
    back = crossing(boundary, left, -reach[:, None] * direction)
    return np.where(looking, side, reach * (1.0 - back))
