"""Stationary laws on a grid whose drift depends on the law: p = S(w + u), u = C p, by relaxation from a given u.

w are the works of the drift that does not know the law, u those of the law's force (`coupling.py`), S the solution of the
linear problem (`stationary_law.py`), so that every step costs one of those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mfbench_grid.blocks.coupling import Coupling
from mfbench_grid.blocks.relaxation import Relaxation

MOST = 300
"""Steps, after which there is no answer."""
SETTLED = 1e-11
"""Nats by which log p may still change, in all steps to come."""

Solve = Callable[[list[np.ndarray]], np.ndarray | None]
"""Works of the whole drift -> log p normalised, None where none is found."""


def self_consistent_log_law(
    solve: Solve,
    own: Sequence[np.ndarray],
    coupling: Coupling,
    volumes: np.ndarray,
    first: Sequence[np.ndarray],
) -> np.ndarray | None:
    """log p in the grid's shape; None where relaxation or the linear problem finds none.

    Args:
        solve: the linear problem.
        own: w, per axis.
        coupling: of the grid's nodes.
        volumes: of their cells.
        first: u of the law at the start.
    """
    ends = np.cumsum([part.size for part in first])[:-1]
    relaxation = Relaxation()
    force = np.concatenate([part.ravel() for part in first])
    for _ in range(MOST):
        parts = np.split(force, ends)
        log_p = solve([w + u.reshape(w.shape) for w, u in zip(own, parts, strict=True)])
        if log_p is None:
            return None
        found = coupling.works((np.exp(log_p) * volumes).ravel())
        residual = np.concatenate([part.ravel() for part in found]) - force
        step = relaxation.step(residual)
        # Along a line of edges, works add up to what log p changes by.
        moves = (
            np.max(np.sum(np.abs(part.reshape(w.shape)), axis=axis))
            for axis, (part, w) in enumerate(zip(np.split(step, ends), own, strict=True))
        )
        if max(moves) < SETTLED:
            return log_p
        force = force + step
    return None
