"""Parts of A and B that are small beside the spacings of a grid: where, and how large, by their boundary functions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.crossing import Boundary

SMALL = {2: 0.8, 3: 1.6}
"""Spacings that a part measures at most along every axis, by dimension. On a line it does not matter how large a set is: the
process meets its end."""
FLATTEST = 1 / 8
"""Least width along an axis, in units of the largest, for which a grid is graded."""
PASSES = 3
"""Chords through the middle of the last ones: from a start point next to a boundary to the middle of a ball."""
SHORTEST, HALVINGS = 30, 20
"""Halvings of the longest chord to the shortest that is looked for, and of a chord to its end."""
BETWEEN = np.linspace(0.0, 1.0, 33)
"""Where one looks whether two points of a set are joined in it."""


class Parts(NamedTuple):
    """Small parts: middles (m, d), and half widths along the axes (m, d)."""

    middles: np.ndarray
    radii: np.ndarray


def small_parts(problem: CommittorProblem, spacings: np.ndarray) -> Parts:
    """The parts about start points that are small along every axis, each once.

    Args:
        problem: the problem. Its boundary functions are asked in its box alone.
        spacings: (d,) of the grid.
    """
    found = Parts(np.empty((0, problem.dim)), np.empty((0, problem.dim)))
    if problem.dim not in SMALL:
        return found
    longest = SMALL[problem.dim] * spacings
    for boundary, starts in ((problem.boundary_a, problem.start_a), (problem.boundary_b, problem.start_b)):
        found = Parts(
            *map(np.concatenate, zip(found, _parts(boundary, starts, longest, problem.box), strict=True))
        )
    return found


def _parts(boundary: Boundary, starts: np.ndarray, longest: np.ndarray, box: np.ndarray) -> Parts:
    """Of one set."""
    middles, widths = np.asarray(starts, float), np.zeros(starts.shape)
    for _ in range(PASSES):
        middles, widths = _chords(boundary, middles, longest, box)
        small = np.all(widths < longest, axis=1)
        middles, widths = middles[small], widths[small]
        if not len(middles):
            return Parts(middles, widths)
    first: list[int] = []
    for number, middle in enumerate(middles):
        if not any(_joined(boundary, middles[other], middle) for other in first):
            first.append(number)
    radii = widths[first] / 2
    largest = np.max(radii, axis=1, keepdims=True)
    return Parts(middles[first], np.maximum(radii, FLATTEST * largest))


def _joined(boundary: Boundary, one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the straight line between two points stays in the set."""
    return bool(np.all(np.asarray(boundary(one + BETWEEN[:, None] * (other - one))) <= 0))


def _chords(
    boundary: Boundary, x: np.ndarray, longest: np.ndarray, box: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of the chords of a set through its points x (n, d), along the axes: their middles, where these lie in the set, else x,
    and their lengths, inf where an end is further off than the longest chord, or beyond the box. (n, d) both."""
    reach = np.stack(
        [
            np.stack(
                [_end(boundary, x, step, box) * length for step, length in zip(steps, longest, strict=True)],
                axis=1,
            )
            for steps in (-np.diag(longest), np.diag(longest))
        ]
    )
    known = np.where(np.isfinite(reach), reach, 0.0)
    middles = x + (known[1] - known[0]) / 2
    inside = np.asarray(boundary(middles)) <= 0
    return np.where(inside[:, None], middles, x), np.sum(reach, axis=0)


def _end(boundary: Boundary, x: np.ndarray, step: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Shares (n,) of a step (d,) after which one is out of the set: the least of 1, 1/2, 1/4, ..., and back to the boundary
    by bisection; inf where one is not after the whole step, or is beyond the box by then."""

    def out(share: np.ndarray) -> np.ndarray:
        place = x + share[:, None] * step
        within = np.all((place >= box[0]) & (place <= box[1]), axis=1)
        return within & (np.asarray(boundary(np.clip(place, *box))) > 0)

    high = np.ones(len(x))
    ends = out(high)
    if not np.any(ends):
        return np.full(len(x), np.inf)
    for halving in range(1, SHORTEST + 1):
        share = np.full(len(x), 0.5**halving)
        high = np.where(out(share), share, high)
    low = high / 2
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        beyond = out(middle)
        high, low = np.where(beyond, middle, high), np.where(beyond, low, middle)
    return np.where(ends, high, np.inf)
