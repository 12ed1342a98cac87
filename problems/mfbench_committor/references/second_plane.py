"""The committor of a problem with a planar one, found from the functions that solvers are given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench.frames import Frame
from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench_committor.references.cut_volumes import Plane, cut_volumes
from mfbench_committor.references.planar_law import PlanarLaw

INTERVALS = 300
"""Of the coarser of two grids; seconds."""

Map = Callable[[np.ndarray], np.ndarray]


def same(u: np.ndarray) -> np.ndarray:
    """Where the plane is all there is."""
    return u


def second_plane(
    problem: CommittorProblem,
    law: PlanarLaw,
    embed: Map = same,
    reduce: Map = same,
    log_area: Callable[[np.ndarray], np.ndarray] | None = None,
) -> SecondRoute:
    """The second route: potential and boundary functions are the problem's own; of the law only its extent is used.

    The error is what a grid of half the spacing changes, between nodes too: where the order is 2 three times as much as
    it is, next to a set, where the order of values between nodes is 1, just as much.

    Args:
        problem: as solvers see it.
        law: of the reduced coordinates.
        embed: u (n, 2) -> a point x (n, d) with these reduced coordinates.
        reduce: x (n, d) -> u (n, 2).
        log_area: (2, ...) -> (...), log of the measure of the points that share u, where the second coordinate is a radius.
    """

    def told(function: Callable[[np.ndarray], np.ndarray], u: np.ndarray) -> np.ndarray:
        return np.asarray(function(embed(u.reshape(2, -1).T))).reshape(u.shape[1:])

    def log_weight(u: np.ndarray) -> np.ndarray:
        w = -problem.beta * told(problem.potential, u)
        return w if log_area is None else w + log_area(u)

    boundaries = problem.boundary_a, problem.boundary_b
    plane = Plane(
        log_weight=log_weight,
        level=lambda side, u: told(boundaries[side], u),
        corners=law.extent(law.depth),
        depth=law.depth,
        half=log_area is not None,
    )
    coarse, fine = (cut_volumes(plane, n) for n in (INTERVALS, 2 * INTERVALS))
    nodes = np.stack(np.meshgrid(*fine.axes, indexing="ij")).reshape(2, -1).T
    change = np.nan_to_num(coarse.at(nodes) - fine.q.ravel())
    return SecondRoute(
        solution=lambda x: fine.at(reduce(x)),
        tolerance=float(np.sqrt(np.sum(fine.weights.ravel() * change**2))),
        method=f"finite volumes with cut edges, {2 * INTERVALS} intervals",
        source="mfbench_committor.references.cut_volumes",
    )


def embedding(frame: Frame, dim: int) -> Map:
    """u (n, 2) -> the point x (n, d) whose first two coordinates in the formula's frame are u, and whose others are 0."""
    return lambda u: frame.to_solver(np.pad(u, ((0, 0), (0, dim - 2))))


def second_half_plane(problem: CommittorProblem, law: PlanarLaw, frame: Frame) -> SecondRoute:
    """The second route where u = (x1, |(x2, ..., xd)|) in the formula's frame.

    Args:
        problem: as solvers see it.
        law: of u.
        frame: from the formula's coordinates to those that solvers see.
    """

    def reduce(x: np.ndarray) -> np.ndarray:
        y = frame.to_formula(x)
        return np.stack([y[:, 0], np.linalg.norm(y[:, 1:], axis=1)], axis=1)

    return second_plane(
        problem,
        law,
        embedding(frame, problem.dim),
        reduce,
        log_area=lambda u: (problem.dim - 2) * np.log(u[1]),
    )
