"""Cartesian coordinates in which a density may be nearly a product, found from what a problem makes public.

Tensor trains have no ranks to speak of where coordinates are nearly independent, or coupled to their neighbours
only. Three guesses, of which the cross approximation picks the best:

- along the normals of A and B, where these span a line or a plane;
- along the way from the minimum of V next to A to that next to B;
- the problem's own axes in their order, which may be that of a chain.

In the first two the other directions are those of the curvatures of V at the lower minimum, softest first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import CommittorProblem, Field
from mfbench.tasks.gaps import apart
from mfbench_grid.blocks.plane import (
    ALONE,
    STEP,
    central,
    complement,
    hessian,
    minimum,
    on_boundary,
    slopes,
)

FLAT = 1e-6
"""Normals of a flat boundary agree with a coordinate's direction up to this."""
ROOM = 0.1
"""Share of the walkers' range by which an interval is wider on both sides."""


@dataclass(frozen=True)
class Surroundings:
    """What is seen of a problem next to its sets.

    Args:
        bottoms: (2, d) minima of V downhill from A's and from B's start points, beta V at them: energies (2,).
        on_a, on_b: points of the boundaries, (m, d), and their unit normals.
        curvature: (d, d) Hessian of V at the lower minimum.
    """

    bottoms: np.ndarray
    energies: np.ndarray
    on_a: tuple[np.ndarray, np.ndarray]
    on_b: tuple[np.ndarray, np.ndarray]
    curvature: np.ndarray


def surroundings(problem: CommittorProblem, potential: Field) -> Surroundings:
    """Look around, with this potential (the problem's own, counted or not)."""
    step = STEP * apart(problem.start_a, problem.start_b)
    bottoms = np.stack(
        [minimum(potential, central(start), step) for start in (problem.start_a, problem.start_b)]
    )
    energies = problem.beta * np.asarray(potential(bottoms))
    found = []
    for boundary, start in ((problem.boundary_a, problem.start_a), (problem.boundary_b, problem.start_b)):
        x = on_boundary(boundary, start, step)
        slope = slopes(boundary, x, step) if len(x) else x
        found.append((x, slope / np.linalg.norm(slope, axis=1, keepdims=True)))
    curvature = hessian(potential, bottoms[np.argmin(energies)], step)
    return Surroundings(bottoms, energies, found[0], found[1], curvature)


def bases(seen: Surroundings) -> dict[str, np.ndarray]:
    """Name of a guess -> (d, d) orthonormal directions, in the order in which a train is to hold them."""
    dim = len(seen.curvature)
    guesses = {}
    _, size, axes = np.linalg.svd(np.concatenate([seen.on_a[1], seen.on_b[1]]), full_matrices=False)
    size = np.r_[size, np.zeros(3)]
    if len(axes) and size[0] > 0:
        span = 1 if size[1] < STEP * size[0] else 2
        if size[span] < ALONE * size[span - 1]:
            guesses["normals"] = completed(axes[:span].T, seen.curvature)
    way = seen.bottoms[1] - seen.bottoms[0]
    length = np.linalg.norm(way)
    if length > 0:
        guesses["minima"] = completed(way[:, None] / length, seen.curvature)
    guesses["axes"] = np.eye(dim)
    return guesses


def completed(first: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """(d, d): directions (d, k), and across them those of the curvatures, softest first."""
    across = complement(first)
    if across.shape[1] == 0:
        return first
    return np.concatenate([first, across @ np.linalg.eigh(across.T @ curvature @ across)[1]], axis=1)


def corners(seen: Surroundings, basis: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """Of every coordinate: the ends of its interval, and between them where a flat boundary cuts it.

    Args:
        seen: of the problem.
        basis: (d, d) the coordinates.
        places: (n, d) walkers' places, which the intervals hold, with some room.
    """
    y = places @ basis
    low, high = np.min(y, axis=0), np.max(y, axis=0)
    room = ROOM * (high - low)
    result = [np.array(ends) for ends in zip(low - room, high + room, strict=True)]
    for x, normal in (seen.on_a, seen.on_b):
        along = np.abs(normal @ basis)
        for k in np.flatnonzero(np.all(along > 1.0 - FLAT, axis=0)) if len(x) else ():
            cut = float(np.median(x @ basis[:, k]))
            if result[k][0] < cut < result[k][-1]:
                result[k] = np.sort(np.append(result[k], cut))
    return result
