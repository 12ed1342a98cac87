"""Where walkers in umbrella windows start: at the problem's start points, nobody between A and B."""

from __future__ import annotations

import numpy as np

FIRST_SIZE = 1e-4
"""Of a walker's step, in squares of the unit of a network's inputs; it adapts."""


def departure(
    rng: np.random.Generator, start_a: np.ndarray, start_b: np.ndarray, ladders: int, windows: int
) -> np.ndarray:
    """Places (R, L, d): draws of start_a (m, d) for the lower half of the windows, of start_b for the upper half."""
    lower = windows // 2
    in_a = start_a[rng.integers(len(start_a), size=(ladders, lower))]
    in_b = start_b[rng.integers(len(start_b), size=(ladders, windows - lower))]
    return np.concatenate([in_a, in_b], axis=1)
