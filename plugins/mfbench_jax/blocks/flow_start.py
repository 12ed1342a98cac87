"""Members of an ensemble at t = 0, with what the probability flow carries along: their scores and log-densities."""

from __future__ import annotations

import jax
import numpy as np

from mfbench.tasks.transient import TransientProblem

from .flat_coordinates import Coordinates
from .flow_steps import Ensemble
from .gaussian_start import Start

SPARE = 16
"""Draws beyond four per dimension, from which a Gaussian start is recognised."""
WORST_NOISE = 1e8
"""Condition of D from which on it counts as degenerate."""


class Draws:
    """Members at t = 0 with their scores.

    Args:
        problem: gives the law.
        rng: of draws.

    Attributes:
        gaussian: the law, if it is one.
        regular: whether the noise is not degenerate there.
        evaluations: of the drift here.
    """

    def __init__(self, problem: TransientProblem, rng: np.random.Generator) -> None:
        self._problem, self._rng = problem, rng
        x = np.asarray(problem.initial_draw(rng, 4 * problem.dim + SPARE))
        coordinates = Coordinates(problem, x, reduce=False)
        start = Start(coordinates, x, rng)
        self.evaluations = coordinates.evaluations
        noise = np.asarray(problem.diffusion_matrix(x, 0.0))
        self.regular = bool(np.max(np.linalg.cond(noise)) < WORST_NOISE)
        self.gaussian = start.gaussian if start.exact else None

        def law(z: jax.Array) -> jax.Array:
            return problem.initial_log_density(z[None])[0]

        self._jets = jax.jit(jax.vmap(jax.value_and_grad(law)))

    def members(self, count: int) -> np.ndarray:
        """(count, d); those of a Gaussian start have its moments exactly, for the mean force of a law on itself."""
        x = np.asarray(self._problem.initial_draw(self._rng, count))
        if self.gaussian is not None and count > self._problem.dim + 1:
            x = with_moments(x, self.gaussian.mean, self.gaussian.covariance)
        return x

    def around(self, count: int, stretch: float) -> np.ndarray:
        """(count, d) draws, their distances from the mean stretched."""
        if count == 0:
            return np.empty((0, self._problem.dim))
        x = np.asarray(self._problem.initial_draw(self._rng, count))
        centre = np.mean(x, axis=0)
        return np.asarray(centre + stretch * (x - centre))

    def followed(self, x: np.ndarray) -> Ensemble:
        """Places (n, d) with what is known there."""
        log_p, y = (np.asarray(part) for part in self._jets(x))
        return Ensemble(x, y, log_p)


def with_moments(x: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Points x (n, d) moved by the affine map that gives them this mean (d,) and covariance (d, d)."""
    away = x - np.mean(x, axis=0)
    factor = np.linalg.cholesky(away.T @ away / len(x))
    return np.asarray(mean + np.linalg.solve(factor, away.T).T @ np.linalg.cholesky(covariance).T)
