"""Where walkers in umbrella windows start: at the problem's start points, or between them."""

from __future__ import annotations

import numpy as np

FIRST_SIZE = 1e-4
"""Of a walker's step, in squares of the unit of a network's inputs; it adapts."""


def departure(
    rng: np.random.Generator, start_a: np.ndarray, start_b: np.ndarray, ladders: int, windows: int
) -> np.ndarray:
    """Places (R, L, d): draws of start_a (m, d) for the lower half of the windows, of start_b for the upper half.

    Nobody stands between A and B.
    """
    lower = windows // 2
    in_a = start_a[rng.integers(len(start_a), size=(ladders, lower))]
    in_b = start_b[rng.integers(len(start_b), size=(ladders, windows - lower))]
    return np.concatenate([in_a, in_b], axis=1)


def on_line(
    rng: np.random.Generator, start_a: np.ndarray, start_b: np.ndarray, ladders: int, windows: int
) -> np.ndarray:
    """Places (R, L, d) at equal distances on straight lines, from a draw of start_a to one of start_b in each ladder."""
    a = start_a[rng.integers(len(start_a), size=ladders)][:, None]
    b = start_b[rng.integers(len(start_b), size=ladders)][:, None]
    places: np.ndarray = a + np.linspace(0.0, 1.0, windows)[:, None] * (b - a)
    return places
