"""Medians of many columns at once, of numbers that may be missing or infinite."""

from __future__ import annotations

import math

import numpy as np

from mfbench.bundles import Floats


def medians(columns: Floats, failures: int = 0) -> list[float]:
    """Median of every column.

    Args:
        columns: (n, k) NaN stands for no number.
        failures: infinite numbers that are added to each column.

    Returns:
        k medians; NaN of a column without any number.
    """
    n, k = columns.shape
    holes = np.isnan(columns)
    if holes.any():  # then no two columns need have equally many numbers
        return [
            median
            for column, hole in zip(columns.T, holes.T, strict=True)
            for median in medians(column[~hole, np.newaxis], failures)
        ]
    total = n + failures
    if not total:
        return [math.nan] * k
    lower, upper = (total - 1) // 2, total // 2
    if upper >= n:
        return [math.inf] * k
    ordered = np.partition(columns.T, (lower, upper), axis=1)
    return [low if low == high else (low + high) / 2 for low, high in ordered[:, [lower, upper]].tolist()]
