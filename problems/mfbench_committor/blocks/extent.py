"""How far the invariant measure reaches: the box of a rotated problem."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import chi2

OUTSIDE = 1e-12
"""Share of mu that the ball inside the box may miss."""


def ball_radius(squares: np.ndarray, masses: np.ndarray, modes: int, variance: float) -> float:
    """R with mu(|x| > R) = 1e-12 for x made of some coordinates and independent Gaussian modes.

    Args:
        squares: (n,) values of |those coordinates|^2 at quadrature nodes.
        masses: (n,) their shares of mu, sum 1.
        modes: number of Gaussian modes, >= 0.
        variance: of each mode.
    """

    def excess(radius: float) -> float:
        rest = (radius**2 - squares) / variance
        tail = chi2.sf(rest, modes) if modes else (rest < 0).astype(float)
        return float(np.sum(masses * tail)) - OUTSIDE

    low, high = 0.0, float(np.sqrt(np.max(squares) + variance * chi2.isf(OUTSIDE**2, max(modes, 1))))
    return float(brentq(excess, low, high))


def cube(radius: float, dim: int) -> np.ndarray:
    """(2, d) corners of the symmetric cube around the ball: it stays a box of mu under every rotation."""
    return np.stack([np.full(dim, -radius), np.full(dim, radius)])
