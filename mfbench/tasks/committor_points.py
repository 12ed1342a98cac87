"""Points at which a committor is known, with their weights: what `committor_judge` compares answers at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class ReferencePoints:
    """Points with the true committor.

    Args:
        x: (n, d) float64.
        q: (n,) the committor; p: (n,) is 1 - q, stored apart so that neither loses digits.
        weights: (n,) >= 0 with sum 1.

    Raises:
        ValueError: other shapes, or other weights.
    """

    x: np.ndarray
    q: np.ndarray
    p: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.x)
        if np.ndim(self.x) != 2 or not np.shape(self.q) == np.shape(self.p) == np.shape(self.weights) == (n,):
            raise ValueError(
                f"ReferencePoints: x, q, p, weights have shapes {np.shape(self.x)}, {np.shape(self.q)}, "
                f"{np.shape(self.p)}, {np.shape(self.weights)}; expected (n, d), (n,), (n,), (n,)."
            )
        total = float(np.sum(self.weights))
        if np.any(self.weights < 0) or not abs(total - 1.0) < 1e-9:
            raise ValueError(f"ReferencePoints: weights sum to {total:.12g}; expected numbers >= 0 of sum 1.")


@dataclass(frozen=True, kw_only=True)
class EnergyPoints:
    """Points and weights with sum_j weights_j |g(x_j)|^2 ~ int |g|^2 dmu outside A u B.

    The points are independent draws from one law, so that the sum has a standard error.

    Args:
        x: (n, d) float64.
        weights: (n,) >= 0.
        q: (n,) the committor there; None with `squares` None.
        squares: (n,) grad q . M grad q there; None where the reference has no gradient.
        squares_error: error bar of sum_j weights_j squares_j that comes from the reference.
    """

    x: np.ndarray
    weights: np.ndarray
    q: np.ndarray | None = None
    squares: np.ndarray | None = None
    squares_error: float = 0.0
