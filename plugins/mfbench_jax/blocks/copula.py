"""A density near that of given points: along every axis a mixture of Gaussians, between axes a Gaussian copula.

With r = x @ basis, F_i the distribution function along axis i and z_i = Phi^-1(F_i(r_i)),

    q(x) = N(z; 0, R) prod_i f_i(r_i) / N(z_i; 0, 1)              (Nelsen, An Introduction to Copulas, section 2.3),

which holds many modes where they are made by few axes each, in any dimension, and any Gaussian.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from .gaussian_mixture import fitted, log_density

COMPONENTS, SWEEPS, POINTS = 4, 40, 4000
"""Of a mixture along an axis, of expectation-maximisation, and of the points that it is fitted to."""
NODES = 4096
"""From which the inverse of F is interpolated, over the points' range and `BEYOND` times it."""
BEYOND = 0.1
SMALLEST = 1e-300


class Copula:
    """The density.

    Args:
        x: (n, d) points, n > d.
        basis: (d, d) orthonormal axes.
        rng: of the mixtures' first centres.
    """

    def __init__(self, x: np.ndarray, basis: np.ndarray, rng: np.random.Generator) -> None:
        self._basis, dim = basis, x.shape[1]
        r = x @ basis
        self._lines = [fitted(line[:POINTS, None], COMPONENTS, SWEEPS, False, rng) for line in r.T]
        low, high = np.min(r, axis=0), np.max(r, axis=0)
        reach = BEYOND * (high - low)
        self._nodes = np.linspace(low - reach, high + reach, NODES)
        self._scores = self._normal_scores(self._nodes)
        covariance = np.cov(self._normal_scores(r).T).reshape(dim, dim)
        self._root = np.linalg.cholesky(covariance)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log q at x (n, d), (n,)."""
        r = x @ self._basis
        z = self._normal_scores(r)
        white = np.linalg.solve(self._root, z.T)
        along = sum(log_density(line, r[:, [i]]) for i, line in enumerate(self._lines))
        volume = np.sum(np.log(np.diag(self._root)))
        return np.asarray(along + 0.5 * np.sum(z * z, axis=1) - 0.5 * np.sum(white * white, axis=0) - volume)

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Those of `count` independent draws, to the interpolation of F, that lie within the nodes: at most (count, d)."""
        z = rng.standard_normal((count, len(self._basis))) @ self._root.T
        z = z[np.all((self._scores[0] <= z) & (z <= self._scores[-1]), axis=1)]
        r = [np.interp(z[:, i], self._scores[:, i], self._nodes[:, i]) for i in range(z.shape[1])]
        return np.stack(r, axis=1) @ self._basis.T

    def _normal_scores(self, r: np.ndarray) -> np.ndarray:
        """Phi^-1(F(r)), (n, d), from the nearer tail."""
        scores = np.empty_like(r)
        for i, line in enumerate(self._lines):
            away = (r[:, i, None] - line.means[:, 0]) / line.factors[:, 0, 0]
            below, above = ndtr(away) @ line.shares, ndtr(-away) @ line.shares
            lower = below < 0.5
            tail = ndtri(np.maximum(np.where(lower, below, above), SMALLEST))
            scores[:, i] = np.where(lower, tail, -tail)
        return scores
