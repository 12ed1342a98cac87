"""A committor held as a tensor train over elements, between its nodes: exactly 0 in A and exactly 1 in B."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mfbench.tasks.committor import Field
from mfbench_grid.blocks.elements import ORDER, Elements

CHUNK = 2**21
"""Numbers that an intermediate array may hold."""


@dataclass(frozen=True)
class TrainField:
    """A solution: the state of a checkpoint.

    Args:
        boundary_a, boundary_b: signed boundary functions.
        basis: (d, d) orthonormal directions, columns, of the train's coordinates.
        elements: (d of them) functions of each coordinate.
        cores: of the train, values at the nodes.
    """

    boundary_a: Field
    boundary_b: Field
    basis: np.ndarray
    elements: Sequence[Elements]
    cores: Sequence[np.ndarray]


def evaluate(state: TrainField, x: np.ndarray) -> np.ndarray:
    """q at (n, d) points: the train clipped to [0, 1]; outside its intervals as at their ends."""
    return _outside(state, x, np.zeros(len(x)), lambda y: np.clip(train_value(state, y), 0.0, 1.0))


def gradient(state: TrainField, x: np.ndarray) -> np.ndarray:
    """grad q at (n, d) points, (n, d); 0 in A and B and where the train is clipped."""
    return _outside(state, x, np.zeros(x.shape), lambda y: _slope(state, y) @ state.basis.T)


def train_value(state: TrainField, y: np.ndarray) -> np.ndarray:
    """(n,) values of the train, not clipped, at (n, d) coordinates."""
    row = np.ones((len(y), 1))
    for k in range(len(state.cores)):
        row = _times(row, _slices(state, k, y[:, k])[0])
    return row[:, 0]


def _outside(
    state: TrainField, x: np.ndarray, result: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    in_a = np.asarray(state.boundary_a(x)) <= 0
    in_b = np.asarray(state.boundary_b(x)) <= 0
    outside = np.flatnonzero(~(in_a | in_b))
    widest = max(core.shape[0] * core.shape[2] for core in state.cores)
    step = max(1, CHUNK // (4 * widest))
    for start in range(0, len(outside), step):
        part = outside[start : start + step]
        result[part] = function(x[part] @ state.basis)
    if result.ndim == 1:
        result[in_b & ~in_a] = 1.0
    return result


def _slope(state: TrainField, y: np.ndarray) -> np.ndarray:
    """(n, d) derivatives along the coordinates: what is left of each, its own slope, what is right."""
    slices = [_slices(state, k, y[:, k]) for k in range(len(state.cores))]
    rights = [np.ones((len(y), 1))]
    for values, _ in reversed(slices):
        rights.append(np.einsum("nrs,ns->nr", values, rights[-1]))
    rights.reverse()
    row, result = np.ones((len(y), 1)), np.zeros(y.shape)
    for k, (values, slopes) in enumerate(slices):
        result[:, k] = np.sum(_times(row, slopes) * rights[k + 1], axis=1)
        row = _times(row, values)
    inside = (row[:, 0] > 0.0) & (row[:, 0] < 1.0)
    return result * inside[:, None]


def _times(row: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    return (row[:, None] @ matrices)[:, 0]


def _slices(state: TrainField, k: int, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, r, s) values and slopes of core k at (n,) values of its coordinate."""
    part, core = state.elements[k], np.moveaxis(state.cores[k], 1, 0)
    kept = np.clip(y, part.edges[0], part.edges[-1])
    first, values, slopes = part.located(kept)
    near = core[first[:, None] + np.arange(ORDER + 1)]
    within = (kept == y)[:, None]
    return np.einsum("nm,nmrs->nrs", values, near), np.einsum("nm,nmrs->nrs", slopes * within, near)
