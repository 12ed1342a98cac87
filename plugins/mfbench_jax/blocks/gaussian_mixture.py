"""Mixtures of Gaussians: a fit by expectation-maximisation, densities, and the map from the unit cube."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.special

RIDGE = 1e-3
"""Share of the whole covariance that is added to each component's: no component collapses."""


class Mixture(NamedTuple):
    """sum_k share_k N(mean_k, factor_k factor_k^T).

    Args:
        shares: (K,), positive, sum 1.
        means: (K, d).
        factors: (K, d, d) lower triangular.
    """

    shares: np.ndarray
    means: np.ndarray
    factors: np.ndarray


def _joint(mixture: Mixture, x: np.ndarray) -> np.ndarray:
    """log(share_k N(x; k)), (K, n)."""
    rows = []
    for share, mean, factor in zip(*mixture, strict=True):
        white = scipy.linalg.solve_triangular(factor, (x - mean).T, lower=True, check_finite=False)
        volume = np.sum(np.log(np.diag(factor))) + 0.5 * len(mean) * np.log(2.0 * np.pi)
        rows.append(np.log(share) - volume - 0.5 * np.einsum("in,in->n", white, white))
    return np.stack(rows)


def log_density(mixture: Mixture, x: np.ndarray) -> np.ndarray:
    """Logarithm of the density at x (n, d), (n,)."""
    return np.logaddexp.reduce(_joint(mixture, x), axis=0)


def from_cube(mixture: Mixture, component: int, cube: np.ndarray) -> np.ndarray:
    """Points of one component from points of the open unit cube, both (n, d)."""
    return mixture.means[component] + scipy.special.ndtri(cube) @ mixture.factors[component].T


def widened(mixture: Mixture, factor: float) -> Mixture:
    """The mixture with every covariance times `factor`."""
    return mixture._replace(factors=mixture.factors * factor**0.5)


def spread(x: np.ndarray, components: int, rng: np.random.Generator) -> Mixture:
    """The start of a fit: `components` copies of the points' covariance, centred at points drawn from x (n, d)."""
    factor = np.linalg.cholesky(np.cov(x.T).reshape(x.shape[1], x.shape[1]))
    centres = x[rng.choice(len(x), components, replace=False)] if components > 1 else x.mean(axis=0)[None]
    return Mixture(
        np.full(components, 1.0 / components), centres, np.repeat(factor[None], components, axis=0)
    )


def fitted(mixture: Mixture, x: np.ndarray, sweeps: int) -> Mixture:
    """The mixture after `sweeps` of expectation-maximisation on x (n, d)."""
    ridge = RIDGE * np.cov(x.T).reshape(x.shape[1], x.shape[1])
    for _ in range(sweeps):
        joint = _joint(mixture, x)
        belongs = np.exp(joint - np.logaddexp.reduce(joint, axis=0)) + 1e-12
        counts = belongs.sum(axis=1)
        means = belongs @ x / counts[:, None]
        factors = []
        for row, mean, count in zip(belongs, means, counts, strict=True):
            away = x - mean
            factors.append(np.linalg.cholesky((row[:, None] * away).T @ away / count + ridge))
        mixture = Mixture(counts / counts.sum(), means, np.stack(factors))
    return mixture
