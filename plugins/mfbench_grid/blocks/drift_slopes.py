"""Derivatives of a drift by central difference quotients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

NUDGE = 1e-4

Drift = Callable[[np.ndarray], np.ndarray]
"""b, (m, d) -> (m, d)."""


def jacobians(drift: Drift, x: np.ndarray) -> np.ndarray:
    """d b_j / d x_i at points (n, d), (n, d, d) with i before j; takes 2 d evaluations a point."""
    return _rises(drift, x) / (2.0 * NUDGE)


def divergence(drift: Drift, x: np.ndarray) -> np.ndarray:
    """div b at points (n, d), by as many evaluations."""
    return np.trace(_rises(drift, x), axis1=1, axis2=2) / (2.0 * NUDGE)


def _rises(drift: Drift, x: np.ndarray) -> np.ndarray:
    d = x.shape[1]
    steps = NUDGE * np.eye(d)
    around = x[:, None, None] + np.stack([steps, -steps], axis=1)
    beside = np.asarray(drift(around.reshape(-1, d))).reshape(around.shape)
    return beside[:, :, 0] - beside[:, :, 1]
