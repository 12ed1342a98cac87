"""A committor between the nodes: exactly 0 in A and exactly 1 in B."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import Field
from mfbench_grid.blocks.grid_field import GridField

CHUNK = 4096
"""Points evaluated at a time, which bounds the memory of windows and neighbourhoods."""


@dataclass(frozen=True)
class CommittorField:
    """A solution: the state of a checkpoint.

    Args:
        boundary_a, boundary_b: signed boundary functions.
        fine: q_h.
        correction: what removes the error of order h^2, if anything does.
    """

    boundary_a: Field
    boundary_b: Field
    fine: GridField
    correction: GridField | None


def evaluate(state: CommittorField, x: np.ndarray) -> np.ndarray:
    """q at (n, d) points."""
    return _outside(state, x, np.zeros(len(x)), _value)


def gradient(state: CommittorField, x: np.ndarray) -> np.ndarray:
    """grad q at (n, d) points, (n, d); 0 in A and B."""
    return _outside(state, x, np.zeros(x.shape), _gradient)


def _outside(
    state: CommittorField,
    x: np.ndarray,
    result: np.ndarray,
    function: Callable[[CommittorField, np.ndarray], np.ndarray],
) -> np.ndarray:
    in_a = np.asarray(state.boundary_a(x)) <= 0
    in_b = np.asarray(state.boundary_b(x)) <= 0
    outside = np.flatnonzero(~(in_a | in_b))
    for start in range(0, len(outside), CHUNK):
        part = outside[start : start + CHUNK]
        result[part] = function(state, x[part])
    if result.ndim == 1:
        result[in_b & ~in_a] = 1.0
    return result


def _value(state: CommittorField, x: np.ndarray) -> np.ndarray:
    fine = np.clip(state.fine.value(x), 0.0, 1.0)
    if state.correction is None:
        return fine
    most = _most(fine)
    return fine + np.clip(state.correction.value(x), -most, most)


def _gradient(state: CommittorField, x: np.ndarray) -> np.ndarray:
    value = state.fine.value(x)
    fine = np.clip(value, 0.0, 1.0)
    slope = np.where((fine == value)[:, None], state.fine.gradient(x), 0.0)
    if state.correction is None:
        return slope
    third = state.correction.value(x)
    # Where it is cut off it is half of q or of 1 - q.
    cut = 0.5 * np.sign(third) * np.where(fine < 0.5, 1.0, -1.0)
    taken = np.abs(third) < _most(fine)
    return slope + np.where(taken[:, None], state.correction.gradient(x), cut[:, None] * slope)


def _most(fine: np.ndarray) -> np.ndarray:
    """The largest correction: half of q or of 1 - q, so that a grid too coarse drives neither below 0."""
    return 0.5 * np.minimum(fine, 1.0 - fine)
