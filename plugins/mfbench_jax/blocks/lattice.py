"""Points for integrals over the unit cube: rank-1 lattices of Korobov's form, randomly shifted and folded.

x_i = frac(i (1, a, a^2, ...) / n + shift), folded by the baker's transform 1 - |2 x - 1|: each shift
gives an unbiased mean, several shifts its error, and smooth integrands converge faster than n^-1
(Dick, Kuo, Sloan, Acta Numerica 22 (2013) 133).
"""

from __future__ import annotations

import numpy as np

CANDIDATES = 32
PRODUCT_WEIGHT = 0.3
"""Of every coordinate in the criterion: low-dimensional projections count most."""
INSET = 1e-12
"""Distance kept from the cube's faces, where the normal quantile is infinite."""


def korobov_vector(number: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """(d,) generating vector: the best of some random a, by the squared worst-case error P_2 in periodic functions."""
    index = np.arange(number)
    best, chosen = np.inf, np.ones(dim, dtype=np.int64)
    for a in 2 * rng.integers(1, max(number // 4, 2), CANDIDATES) + 1:
        vector = np.ones(dim, dtype=np.int64)
        for axis in range(1, dim):
            vector[axis] = vector[axis - 1] * a % number
        kernel = np.ones(number)
        for entry in vector:
            t = (index * entry % number) / number
            kernel *= 1.0 + PRODUCT_WEIGHT * 2.0 * np.pi**2 * (t * (t - 1.0) + 1.0 / 6.0)
        if kernel.mean() < best:
            best, chosen = kernel.mean(), vector
    return chosen


def shifted(vector: np.ndarray, number: int, shift: np.ndarray) -> np.ndarray:
    """(number, d) points strictly inside the cube for one shift (d,)."""
    raw = (np.arange(number)[:, None] * vector % number) / number + shift
    return np.clip(1.0 - np.abs(2.0 * (raw % 1.0) - 1.0), INSET, 1.0 - INSET)
