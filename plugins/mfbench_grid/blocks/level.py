"""What one grid says of a law in time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from mfbench.tasks.transient import TransientProblem
from mfbench_grid.blocks.tensor_grid import TensorGrid

LIFT = 1e-14
"""Of the largest density; nodes below are set to it."""
EXPLODED = 1e3
"""Growth of the total of |p|, which is 1 at first."""
LOOKS = (0.0, 1.0 / np.sqrt(7.0), np.sqrt(2.0) / 2.0, 1.0)
"""Shares of the horizon at which the equation is compared with itself."""
NUDGE = 1e-6
"""Of a side of the box: for difference quotients of D."""


class Level(NamedTuple):
    """log p at the nodes of a grid at each time, normalised, and what was negative."""

    grid: TensorGrid
    logs: list[np.ndarray]
    lifted: float


def normalised(grid: TensorGrid, log_p: np.ndarray) -> np.ndarray:
    """log p shifted to sum p_i |cell_i| = 1, which is the trapezoidal rule for its integral."""
    return log_p - logsumexp(log_p, b=grid.volumes())


def still(problem: TransientProblem, x: np.ndarray) -> bool:
    """Drift and noise are the same at all times, as far as the times of `LOOKS` show at points (n, d)."""
    found = []
    for share in LOOKS:
        t = share * problem.horizon
        noise = 0.0 if problem.amplitude is None else np.asarray(problem.amplitude(x, t))
        found.append((np.asarray(problem.drift(x, t)), noise))
    return all(np.array_equal(found[0][part], other[part]) for other in found[1:] for part in range(2))


def divergence(problem: TransientProblem, x: np.ndarray, t: float) -> np.ndarray:
    """div D, row by row, at points (n, d), by central difference quotients; (n, d)."""
    total = np.zeros(x.shape)
    for axis, side in enumerate(problem.box[1] - problem.box[0]):
        step = np.zeros(problem.dim)
        step[axis] = NUDGE * side
        rise = np.asarray(problem.diffusion_matrix(x + step, t)) - np.asarray(
            problem.diffusion_matrix(x - step, t)
        )
        total += rise[:, :, axis] / (2.0 * NUDGE * side)
    return total
