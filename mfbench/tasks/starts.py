"""Some of many start points."""

from __future__ import annotations

import numpy as np


def some_of(points: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """(number, d) of points (m, d) in random order, each as often as any other or once more.

    The first ones may all lie in one part of a set.
    """
    count = len(points)
    drawn: np.ndarray = points[rng.permutation(max(count, number))[:number] % count]
    return drawn
