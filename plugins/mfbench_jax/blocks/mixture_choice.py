"""How many Gaussians: the mixture that points left out of the fit find likeliest."""

from __future__ import annotations

import numpy as np

from .gaussian_mixture import Mixture, fitted, likeliest

SWEEPS = 20
LEFT_OUT = 5
"""One point in so many judges, the others are fitted to."""
POINTS_PER_NUMBER = 2
"""Points that a component needs for each of its d (d + 3) / 2 numbers."""


class Choice:
    """A choice that is made again as points become more: as many components as last time, or twice as many.

    Args:
        most: components.
        particles: (N, d1) if points are N exchangeable particles: then the Gaussian of that symmetry is a candidate.
        rng: of the starts of fits.
    """

    def __init__(self, most: int, particles: tuple[int, int] | None, rng: np.random.Generator) -> None:
        self._most, self._particles, self._rng, self._last = most, particles, rng, 1

    def best(self, x: np.ndarray) -> Mixture:
        """The best candidate for independent points x (n, d)."""
        judges = np.arange(len(x)) % LEFT_OUT == 0
        training, held_out = x[~judges], x[judges]
        candidates = [fitted(training, 1, 1, False, self._rng)]
        if self._particles is not None:
            candidates.append(exchangeable_gaussian(training, self._particles))
        for components in sorted({self._last, 2 * self._last} - {1}):
            if components <= self._affordable(training):
                candidates.append(fitted(training, components, SWEEPS, False, self._rng))
        best = likeliest(candidates, held_out)
        self._last = len(best.shares)
        return best

    def _affordable(self, x: np.ndarray) -> int:
        count, dim = x.shape
        return min(self._most, 2 * count // (POINTS_PER_NUMBER * dim * (dim + 3)))


def exchangeable_gaussian(x: np.ndarray, particles: tuple[int, int]) -> Mixture:
    """The Gaussian with one mean for all particles, one covariance A of each and one, C, between any two.

    Averages over all particles and pairs: the covariance A - C across and A + (N - 1) C of the centre of mass have
    N times as many samples as any entry of a full matrix.

    Args:
        x: (n, N d1).
        particles: (N, d1).
    """
    number, width = particles
    away = x.reshape(len(x), number, width)
    mean = away.mean(axis=(0, 1))
    away = away - mean
    total = away.sum(axis=1)
    own = np.einsum("nia,nib->ab", away, away) / (len(x) * number)
    pairs = total.T @ total / (len(x) * number)  # A + (N - 1) C
    between = (pairs - own) / max(number - 1, 1)
    covariance = np.kron(np.eye(number), own - between) + np.kron(np.ones((number, number)), between)
    return Mixture(np.ones(1), np.tile(mean, number)[None], np.linalg.cholesky(covariance)[None])
