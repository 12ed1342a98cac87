"""Values of a solution at many points, in batches of one fixed shape, as float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mfbench.solver import Checkpoint

BATCH = 2048
"""Rows of every array that a solution is evaluated on: jitted solutions compile once."""


ROUND_OFF = 1e-5
"""Of values in single precision, evaluated twice."""


class BadAnswer(Exception):
    """A solution gave something that is not one real number for each point."""


class ChangedState(Exception):
    """A solution that was held is no longer what it was."""


def evaluate(checkpoint: Checkpoint, points: np.ndarray) -> np.ndarray:
    """The solution's values at (n, d) points: (n,) float64.

    Raises:
        BadAnswer: wrong shape or type.
    """
    return _batched(checkpoint.evaluate, checkpoint.state, points, ())


def rows(points: np.ndarray) -> int:
    """Rows that a solution is evaluated on for (n, d) points: the last batch is filled up."""
    return BATCH * math.ceil(len(points) / BATCH)


def probe(checkpoint: Checkpoint, points: np.ndarray) -> np.ndarray:
    """Wait until the solution's state is really there, by one batch of values; they are returned."""
    return evaluate(checkpoint, points[:BATCH])


def same(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether values are the same but for round-off: on a GPU, and with several threads, sums have no fixed order."""
    with np.errstate(all="ignore"):
        size = np.max(np.abs(before), where=np.isfinite(before), initial=0.0)
        return bool(np.allclose(before, after, rtol=ROUND_OFF, atol=ROUND_OFF * size, equal_nan=True))


def gradient(checkpoint: Checkpoint, points: np.ndarray, step: float) -> np.ndarray:
    """The solution's gradient at (n, d) points: (n, d) float64; its own, else central differences."""
    if checkpoint.gradient is not None:
        return _batched(checkpoint.gradient, checkpoint.state, points, (points.shape[1],))
    columns = []
    for axis in range(points.shape[1]):
        shift = np.zeros(points.shape[1])
        shift[axis] = step
        pair = evaluate(checkpoint, np.concatenate([points + shift, points - shift]))
        # Minus infinity on both sides, for a logarithm; and a solver may have numpy raise what it warns of.
        with np.errstate(all="ignore"):
            columns.append((pair[: len(points)] - pair[len(points) :]) / (2.0 * step))
    return np.stack(columns, axis=1)


def _batched(function: Any, state: Any, points: np.ndarray, tail: tuple[int, ...]) -> np.ndarray:
    values = np.empty((len(points), *tail))
    for start in range(0, len(points), BATCH):
        part = points[start : start + BATCH]
        batch = np.concatenate([part, np.repeat(part[-1:], BATCH - len(part), axis=0)])
        answer = np.asarray(function(state, batch))
        if answer.shape != (BATCH, *tail):
            raise BadAnswer(
                f"evaluate gave shape {answer.shape} for points of shape {batch.shape}; "
                f"expected {(BATCH, *tail)}."
            )
        if answer.dtype.kind not in "fiub":
            raise BadAnswer(f"evaluate gave values of type {answer.dtype}; expected real numbers.")
        with np.errstate(all="ignore"):
            values[start : start + len(part)] = answer[: len(part)]
    return values
