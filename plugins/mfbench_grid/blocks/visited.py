"""Where a law in time may matter: places that hot walkers visit.

Noise D times HEAT, with b - div D as it is, from a start spread out by sqrt(HEAT), makes densities whose depth below the
largest is about 1 / HEAT of the true one (Freidlin, Wentzell), so that some walkers come to places HEAT times as deep.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import binary_closing, binary_dilation

from mfbench.tasks.transient import TransientProblem
from mfbench_grid.blocks.level import divergence
from mfbench_grid.blocks.tensor_grid import TensorGrid

HEAT = 3.0
WALKERS = 4096
"""With that heat, 20 nats."""
STEPS = 64
LEAST = 6
"""Visits of a cell that counts; fewer may be steps too long for where they began."""
CELLS = 64
"""Along each axis, in which visits are booked."""
CLOSED = 1
"""Cells by which what is visited is widened and narrowed again, so that no holes are left."""


class Visited:
    """The cells of a box that hot walkers visit within the horizon.

    Attributes:
        evaluations: points at which the drift was evaluated.
    """

    def __init__(self, problem: TransientProblem, rng: np.random.Generator) -> None:
        low, high = problem.box
        visits = np.zeros((CELLS,) * problem.dim)
        x = np.asarray(problem.initial_draw(rng, WALKERS))
        middle = np.mean(x, axis=0)
        x = middle + math.sqrt(HEAT) * (x - middle)
        dt, self.evaluations = problem.horizon / STEPS, 0
        for number in range(STEPS + 1):
            x = x[np.all((x >= low) & (x <= high), axis=1)]
            cell = np.minimum((CELLS * (x - low) / (high - low)).astype(int), CELLS - 1)
            np.add.at(visits, tuple(cell.T), 1.0)
            t = number * dt
            shock = problem.shock(x, t, rng.standard_normal((len(x), problem.noise_dim)))
            drift = np.asarray(problem.drift(x, t)) + (HEAT - 1.0) * divergence(problem, x, t)
            x = x + dt * drift + math.sqrt(HEAT * dt) * np.asarray(shock)
            self.evaluations += len(x)
        padded = np.pad(visits >= LEAST, CLOSED)
        inner = (slice(CLOSED, -CLOSED),) * problem.dim
        self._booked = binary_closing(padded, iterations=CLOSED)[inner]

    def nodes(self, grid: TensorGrid) -> np.ndarray:
        """Bool, in the grid's shape (over the same box): the nodes in visited cells, or less than a spacing away."""
        per_node = CELLS / np.array([count - 1 for count in grid.shape])
        wide = self._booked
        if np.max(per_node) > 1.0:
            wide = binary_dilation(wide, iterations=math.ceil(float(np.max(per_node)) - 1.0))
        for axis, count in enumerate(grid.shape):
            cell = np.minimum((np.arange(count) * per_node[axis]).astype(int), CELLS - 1)
            wide = np.take(wide, cell, axis)
        return wide
