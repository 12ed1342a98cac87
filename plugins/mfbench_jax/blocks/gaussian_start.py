"""A law at t = 0 in other coordinates, and the Gaussian that it is or that has its moments.

The score of a Gaussian is linear in y, -S^-1 (y - m), so that its least-squares fit is exact at any d + 1 points in general
position. Any other start lends its moments alone.
"""

from __future__ import annotations

import jax
import numpy as np

from .flat_coordinates import Coordinates
from .gaussian_mixture import Mixture, log_density
from .linear_flow import Gaussian
from .tilts import Shape

EXACT = 1e-8
"""Nats between a Gaussian start and its fit."""
DRAWS = 20_000
"""From a start that is not Gaussian, for its moments."""


class Start:
    """log p_0 as a density of y.

    Args:
        coordinates: y.
        x: (n, d) draws of it, n > d + 1.
        rng: of further draws.

    Attributes:
        gaussian: g_0.
        exact: whether it is the law.
    """

    def __init__(self, coordinates: Coordinates, x: np.ndarray, rng: np.random.Generator) -> None:
        problem, self._coordinates = coordinates.problem, coordinates

        def law(z: jax.Array) -> jax.Array:
            return problem.initial_log_density(z[None])[0] - coordinates.log_volume(z)

        def jet(z: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            return law(z), coordinates.gradient(law, z), coordinates.hessian(law, z)

        self._jets = coordinates.at_points(jet)
        self._scores = coordinates.at_points(lambda z: coordinates.gradient(law, z))
        self._values = coordinates.at_points(law)
        found = self._fitted(x)
        self.exact = found is not None
        if found is None:
            y = coordinates.places(np.asarray(problem.initial_draw(rng, DRAWS)))
            found = Gaussian(np.mean(y, axis=0), np.cov(y.T).reshape(problem.dim, problem.dim))
        self.gaussian = found

    def values(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """log p_0 - g_0 at points x with their y, (n,)."""
        return np.asarray(self._values(x)) - log_density(as_mixture(self.gaussian), y)

    def shape(self, x: np.ndarray, y: np.ndarray) -> Shape | None:
        """The same with its derivatives; None where it is 0."""
        if self.exact:
            return None
        value, gradient, hessian = (np.asarray(part) for part in self._jets(x))
        precision = np.linalg.inv(self.gaussian.covariance)
        return Shape(
            value - log_density(as_mixture(self.gaussian), y),
            gradient + (y - self.gaussian.mean) @ precision,
            hessian + precision,
        )

    def _fitted(self, x: np.ndarray) -> Gaussian | None:
        y, scores = self._coordinates.places(x), np.asarray(self._scores(x))
        centre = np.mean(y, axis=0)
        fit = np.linalg.lstsq(np.column_stack([np.ones(len(y)), y - centre]), scores, rcond=None)[0]
        precision = -(fit[1:] + fit[1:].T) / 2.0
        if not np.all(np.isfinite(precision)) or np.linalg.eigvalsh(precision)[0] <= 0.0:
            return None
        covariance = np.linalg.inv(precision)
        found = Gaussian(centre + covariance @ fit[0], (covariance + covariance.T) / 2.0)
        gap = np.asarray(self._values(x)) - log_density(as_mixture(found), y)
        return found if np.max(np.abs(gap)) < EXACT else None


def as_mixture(gaussian: Gaussian) -> Mixture:
    """The mixture of this one Gaussian."""
    return Mixture(np.ones(1), gaussian.mean[None], np.linalg.cholesky(gaussian.covariance)[None])
