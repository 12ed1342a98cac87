"""Systematic resampling: as many picks as asked for, each candidate as often as its weight says to within one."""

from __future__ import annotations

import numpy as np


def picks(log_weights: np.ndarray, count: int, shift: float) -> np.ndarray:
    """(count,) indices of candidates with these log-weights (n,), in their order.

    Args:
        log_weights: up to a constant.
        count: of picks.
        shift: one uniform number in [0, 1), that places all of them.
    """
    cumulative = np.cumsum(np.exp(log_weights - np.max(log_weights)))
    places = (np.arange(count) + shift) / count * cumulative[-1]
    return np.minimum(np.searchsorted(cumulative, places), len(cumulative) - 1)
