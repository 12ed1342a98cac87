"""What a grid sees of a committor problem: energies, the two sets, and the nodes to solve for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.blocks.crossing import nodes_about
from mfbench_grid.blocks.region import pass_energy, reachable
from mfbench_grid.blocks.tensor_grid import TensorGrid

SEARCHED = 2**16
"""Grids with more nodes take over the pass energy of the last one that had fewer."""

RESOLVED = {1: 4, 2: 12, 3: 33}
"""Nodes in a ball of four spacings' diameter."""


@dataclass(frozen=True)
class Landscape:
    """A committor problem at the nodes of a grid.

    Args:
        grid: the nodes.
        x: (nodes, d) their coordinates.
        energy: (nodes,) beta V; inf where V is not finite.
        in_a, in_b: (nodes,) booleans: nodes with q = 0, with q = 1.
        free: (nodes,) booleans: nodes at which q is to be found.
        pass_energy: beta V up to which A and B are joined, see `region.pass_energy`.
        resolved: both sets measure four spacings or more, wherever the problem says they are.
    """

    grid: TensorGrid
    x: np.ndarray
    energy: np.ndarray
    in_a: np.ndarray
    in_b: np.ndarray
    free: np.ndarray
    pass_energy: float
    resolved: bool


def survey(problem: CommittorProblem, grid: TensorGrid, margin: float, known_pass: float | None) -> Landscape:
    """Evaluate the problem at the nodes, and leave out what no relevant path visits.

    Args:
        problem: the problem.
        grid: the nodes.
        margin: kT above the pass up to which nodes are kept. Their weight relative to the pass
            is exp(-margin), and so is the error of putting a wall there.
        known_pass: pass energy found on a coarser grid, if any.
    """
    x = grid.points()
    energy = energies(problem, x)
    sets = []
    resolved = True
    for boundary, start in ((problem.boundary_a, problem.start_a), (problem.boundary_b, problem.start_b)):
        inside = np.asarray(boundary(x)) <= 0
        seen = nodes_about(grid, inside, start)
        # A part of the set that no node lies in must not be lost: the nearest node stands in for it.
        inside[grid.numbers(np.rint(grid.positions(start[seen == 0])).astype(int))] = True
        resolved &= bool(np.all(seen >= RESOLVED[grid.dim]))
        sets.append(inside)
    in_a, in_b = sets[0], sets[1] & ~sets[0]
    shaped = [values.reshape(grid.shape) for values in (energy, in_a, in_b)]
    if known_pass is None or x.shape[0] <= SEARCHED:
        known_pass = pass_energy(*shaped, grid.volumes())
    free = reachable(*shaped, known_pass + margin).ravel()
    return Landscape(grid, x, energy, in_a, in_b, free, known_pass, resolved)


def energies(problem: CommittorProblem, x: np.ndarray) -> np.ndarray:
    """beta V at (n, d) points; inf where V is not a number, so that nobody goes there."""
    energy = problem.beta * np.asarray(problem.potential(x), dtype=float)
    return np.where(np.isnan(energy), np.inf, energy)
