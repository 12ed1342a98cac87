"""A committor that is exactly 0 in A and exactly 1 in B, from the answers of one grid or two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import Field
from mfbench_grid.blocks.grid_field import GridField
from mfbench_grid.blocks.richardson import extrapolated

CHUNK = 4096
"""Points evaluated at a time, which bounds the memory of windows and neighbourhoods."""


@dataclass(frozen=True)
class CommittorField:
    """A solution: the state of a checkpoint.

    Args:
        boundary_a, boundary_b: signed boundary functions.
        fine: q_h.
        coarse: q_2h if the error of order h^2 is to be removed.
    """

    boundary_a: Field
    boundary_b: Field
    fine: GridField
    coarse: GridField | None


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
    if state.coarse is None:
        return fine
    return fine + _correction(fine, state.coarse.value(x))[0]


def _gradient(state: CommittorField, x: np.ndarray) -> np.ndarray:
    slope = state.fine.gradient(x)
    if state.coarse is None:
        return slope
    _, limited = _correction(np.clip(state.fine.value(x), 0.0, 1.0), state.coarse.value(x))
    return np.where(limited[:, None], slope, extrapolated(state.coarse.gradient(x), slope))


def _correction(fine: np.ndarray, coarse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What extrapolation adds, and where it was limited: neither q nor 1 - q is changed by half or more.

    A grid too coarse for a steep place must not drive q there below 0, nor its logarithm astray.
    """
    correction = extrapolated(coarse, fine) - fine
    most = 0.5 * np.minimum(fine, 1.0 - fine)
    return np.clip(correction, -most, most), np.abs(correction) > most
