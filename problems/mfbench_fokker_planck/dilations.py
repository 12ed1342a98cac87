"""Draws that reach far beyond a law: the law itself, drawn out about its mean by several factors.

    q(x) = (1/K) sum_k s_k^-d p(c + (x - c) / s_k),   s_1 = 1.

p / q is at most K, whatever the dimension, so that integrals of an answer close to p have small variance; and whatever
reaches up to s_K times as far as p is met.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import scipy.special

from mfbench.tasks.whole_space import WholeSpace

FACTORS = np.array([1.0, 1.5, 2.0, 3.0, 5.0, 8.0])
SPACE_POINTS = 12_000
"""Of every judge."""
SPACE_SEED = 25_140_000
"""Fixed: every repetition is judged at the same draws, up to the rotation."""

LogDensity = Callable[[np.ndarray], np.ndarray]


def dilated(
    drawn: np.ndarray,
    log_density: LogDensity,
    box: np.ndarray,
    to_solver: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> WholeSpace:
    """Points beyond a law that can be evaluated anywhere.

    Args:
        drawn: (n, d) independent draws from p, n >= `SPACE_POINTS`.
        log_density: log p, (m, d) -> (m,).
        box: (2, d) the problem's, in the solver's coordinates.
        to_solver: from the coordinates of the other arguments to the solver's, a rotation.
    """
    x, log_q = _drawn_out(drawn[:SPACE_POINTS], np.mean(drawn, axis=0), log_density)
    return _space(to_solver(x), log_q, log_density(x), box)


def dilated_gaussian(mean: np.ndarray, covariance: np.ndarray, box: np.ndarray) -> WholeSpace:
    """Points beyond a law of which only the moments are known everywhere: from the Gaussian that has them.

    Args:
        mean: (d,).
        covariance: (d, d).
        box: (2, d).
    """
    dim, factor = len(mean), np.linalg.cholesky(covariance)
    top = -0.5 * dim * math.log(2.0 * math.pi) - float(np.sum(np.log(np.diag(factor))))

    def log_density(x: np.ndarray) -> np.ndarray:
        white = np.linalg.solve(factor, (x - mean).T)
        values: np.ndarray = top - 0.5 * np.sum(white**2, axis=0)
        return values

    rng = np.random.default_rng([SPACE_SEED, dim])
    drawn = mean + rng.standard_normal((SPACE_POINTS, dim)) @ factor.T
    x, log_q = _drawn_out(drawn, mean, log_density)
    return _space(x, log_q, None, box)


def _drawn_out(
    drawn: np.ndarray, centre: np.ndarray, log_density: LogDensity
) -> tuple[np.ndarray, np.ndarray]:
    """Draws from q (n, d), as many by each factor, and log q (n,)."""
    count, dim = drawn.shape
    stretch = np.resize(FACTORS, count)[:, None]
    x = centre + stretch * (drawn - centre)
    each = [log_density(centre + (x - centre) / factor) - dim * math.log(factor) for factor in FACTORS]
    log_q: np.ndarray = scipy.special.logsumexp(each, axis=0) - math.log(len(FACTORS))
    return x, log_q


def _space(x: np.ndarray, log_q: np.ndarray, log_p: np.ndarray | None, box: np.ndarray) -> WholeSpace:
    return WholeSpace(x=x, log_q=log_q, log_p=log_p, outside=np.any((x < box[0]) | (x > box[1]), axis=1))
