"""From the initial density to the times asked where noise is drawn out in directions that turn: `lattice_chain` in time.

Only nodes are kept that the law can reach with a density that matters (`visited`). The steps are explicit (`chebyshev`);
where the equation moves the chain is that of the middle of a step. Both are of order dt^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.ndimage import distance_transform_edt

from mfbench.tasks.transient import TransientProblem
from mfbench_grid.blocks.chebyshev import Stride
from mfbench_grid.blocks.lattice_chain import LatticeChain, lattice_chain
from mfbench_grid.blocks.level import EXPLODED, LIFT, LOOKS, Level, divergence, normalised, still
from mfbench_grid.blocks.tensor_grid import TensorGrid
from mfbench_grid.blocks.visited import Visited

LONGER = 3
"""Than steps by alternating directions: errors in time stay far below those in space."""
FLATTEST = 1e-8
"""Smallest over largest eigenvalue of D, below which noise counts as degenerate."""


class LatticeMarch:
    """Grid after grid.

    Attributes:
        evaluations: points at which the drift was evaluated.
        nodes: nodes times products with the chain's rates.
    """

    def __init__(self, problem: TransientProblem, seed: int) -> None:
        self.problem, self.nodes = problem, 0
        self._visited = Visited(problem, np.random.default_rng(seed))
        self.evaluations = self._visited.evaluations

    @property
    def work(self) -> dict[str, int]:
        """As checkpoints state it."""
        return {"evaluations": self.evaluations, "nodes": self.nodes}

    def over(self, grid: TensorGrid, steps: list[int]) -> Iterator[Level | None]:
        """None after every step; the level at the end, or None again if the density exploded.

        Args:
            grid: the nodes.
            steps: from each time to the next, by alternating directions.
        """
        active = self._visited.nodes(grid)
        x = grid.points()[active.ravel()]
        p = np.exp(np.asarray(self.problem.initial_log_density(x)))
        p /= np.sum(p)
        logs: list[np.ndarray] = []
        lifted = 0.0
        self.evaluations += len(LOOKS) * len(x)
        moving = not still(self.problem, x)
        chain = self._chain(grid, active, x, 0.0)
        for (begin, end), count in zip(pairwise((0.0, *self.problem.times)), steps, strict=True):
            count = max(2, -(-count // LONGER))
            dt = (end - begin) / count
            stride = Stride.cheapest(dt * chain.ellipses)
            for number in range(count):
                if moving:
                    chain = self._chain(grid, active, x, begin + (number + 0.5) * dt)
                    stride = Stride.cheapest(dt * chain.ellipses)
                p = stride.taken(chain.rates, p, dt)
                self.nodes += stride.products * len(p)
                yield None
            if not np.sum(np.abs(p)) < EXPLODED:
                return
            lifted = max(lifted, -float(np.sum(np.minimum(p, 0.0))))
            log_p = np.full(grid.shape, np.nan)
            log_p[active] = np.log(np.maximum(p, LIFT * np.max(p)))
            logs.append(normalised(grid, continued(grid, log_p, active)))
        yield Level(grid, logs, lifted)

    def _chain(self, grid: TensorGrid, active: np.ndarray, x: np.ndarray, t: float) -> LatticeChain:
        self.evaluations += len(x)
        push = np.asarray(self.problem.drift(x, t)) - divergence(self.problem, x, t)
        return lattice_chain(grid, active, np.asarray(self.problem.diffusion_matrix(x, t)), push)


def asks_for_lattice(problem: TransientProblem, grid: TensorGrid) -> bool:
    """In the plane, with noise in all directions that no rates >= 0 between nearest neighbours produce everywhere."""
    if problem.dim != 2 or problem.amplitude is None:
        return False
    x, h = grid.points(), np.array(grid.spacings)
    asked = False
    for share in LOOKS:
        noise = np.asarray(problem.diffusion_matrix(x, share * problem.horizon))
        sizes = np.linalg.eigvalsh(noise)
        if np.any(sizes[:, 0] <= FLATTEST * sizes[:, 1]):
            return False
        noise = noise / np.outer(h, h)
        asked |= bool(np.any(np.abs(noise[:, 0, 1]) > np.minimum(noise[:, 0, 0], noise[:, 1, 1])))
    return asked


def continued(grid: TensorGrid, log_p: np.ndarray, active: np.ndarray) -> np.ndarray:
    """log p also where no node is active: the nearest one's, less what a Gaussian falls by on the way."""
    away, nearest = distance_transform_edt(~active, sampling=grid.spacings, return_indices=True)
    edge = log_p[tuple(nearest)]
    top = np.nanmax(log_p)
    reach = 0.25 * sum(axis[-1] - axis[0] for axis in grid.axes) / grid.dim
    return np.maximum(edge - 2.0 * (top - edge) * away / reach, top + np.log(LIFT))
