"""Mixtures of Gaussians: a fit by expectation-maximisation, densities, and the map from the unit cube."""

from __future__ import annotations

from collections.abc import Iterable
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


def fitted(x: np.ndarray, components: int, sweeps: int, spherical: bool, rng: np.random.Generator) -> Mixture:
    """A mixture for the points x (n, d), by `sweeps` of expectation-maximisation.

    Args:
        x: the points.
        components: K.
        sweeps: of expectation-maximisation.
        spherical: whether every covariance is a multiple of the unit matrix: K (d + 2) numbers instead of
            K (1 + d (d + 3) / 2), so that far fewer points determine them.
        rng: of the first centres: each at a point drawn with the square of its distance from those before it (Arthur,
            Vassilvitskii, k-means++, SODA 2007).
    """
    dim = x.shape[1]
    whole = np.cov(x.T).reshape(dim, dim)
    size = float(np.trace(whole)) / dim
    first = np.eye(dim) * size**0.5 if spherical else np.linalg.cholesky(whole)
    mixture = Mixture(
        np.full(components, 1.0 / components),
        _centres(x, components, rng),
        np.repeat(first[None], components, axis=0),
    )
    for _ in range(sweeps):
        joint = _joint(mixture, x)
        belongs = np.exp(joint - np.logaddexp.reduce(joint, axis=0)) + 1e-12
        counts = belongs.sum(axis=1)
        means = belongs @ x / counts[:, None]
        factors = []
        for row, mean, count in zip(belongs, means, counts, strict=True):
            away = x - mean
            if spherical:
                variance = float(row @ np.sum(away**2, axis=1)) / (count * dim) + RIDGE * size
                factors.append(np.eye(dim) * variance**0.5)
            else:
                factors.append(np.linalg.cholesky((row[:, None] * away).T @ away / count + RIDGE * whole))
        mixture = Mixture(counts / counts.sum(), means, np.stack(factors))
    return mixture


def selected(x: np.ndarray, most: int, sweeps: int, rng: np.random.Generator) -> Mixture:
    """Of fits with 1 to `most` components, and general or spherical covariances, the likeliest for the last fifth of x.

    They were fitted to the others of the points x (n, d); neighbours in x may depend on each other.
    """
    end = len(x) - len(x) // 5
    fits = (
        fitted(x[:end], components, sweeps, spherical, rng)
        for components in range(1, most + 1)
        for spherical in (False, True)
    )
    return likeliest(fits, x[end:])


def likeliest(mixtures: Iterable[Mixture], x: np.ndarray) -> Mixture:
    """The mixture under which the points x (n, d) are likeliest; they should not be those that it was fitted to."""
    return max(mixtures, key=lambda mixture: float(np.mean(log_density(mixture, x))))


def _centres(x: np.ndarray, components: int, rng: np.random.Generator) -> np.ndarray:
    centres = x[rng.integers(len(x))][None]
    while len(centres) < components:
        away = np.min(np.sum((x[:, None] - centres) ** 2, axis=2), axis=1)
        centres = np.concatenate([centres, x[rng.choice(len(x), 1, p=away / np.sum(away))]])
    return centres
