"""Two misfits of a log-density u to a stationary Fokker-Planck equation, as rows for least squares.

Residual: div(b p) = D Lap p, divided by p = exp(u),

    r = D (Lap u + |grad u|^2) - b . grad u - div b.

Projection: D grad u - b. Its mean square under p is least at u = log p: there the rest is minus the
current over p, j / p = b - D grad log p, and E_p[(j / p) . grad phi] = int j . grad phi = 0 for every phi, as div j = 0.
So it needs samples of p, no second derivatives, and is convex in u; the residual is free of sampling noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from .log_density import LogDensity, Standard, jet

Rows = Callable[[np.ndarray], np.ndarray]
"""Parameters (P,) -> rows (n,)."""
LinearisedRows = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Parameters (P,) -> rows (n,) and their Jacobian (n, P)."""


class Points(NamedTuple):
    """Where a misfit is taken.

    Args:
        x: (n, d).
        drift: b, (n, d).
        divergence: div b, (n,).
        weight: (n,), that rows are multiplied with.
    """

    x: np.ndarray
    drift: np.ndarray
    divergence: np.ndarray
    weight: np.ndarray

    def rows(self, index: np.ndarray) -> Points:
        """Some of the points."""
        return Points(*(field[index] for field in self))


def rate(diffusion: float, drift: np.ndarray, divergence: np.ndarray) -> np.ndarray:
    """|div b| + |b|^2 / D, (n,): the residual's natural size, in 1 / time."""
    return np.abs(divergence) + np.sum(drift**2, axis=1) / diffusion


class Misfits:
    """Residual and projection as functions of the flat parameters, compiled once for each number of points.

    Args:
        diffusion: D.
        unravel: flat parameters (P,) -> u.
        standard: coordinates of u.
    """

    def __init__(
        self, diffusion: float, unravel: Callable[[jax.Array], LogDensity], standard: Standard
    ) -> None:
        def residual(theta: jax.Array, point: Points) -> jax.Array:
            u = jet(unravel(theta), standard, point.x)
            flow = diffusion * (u.laplacian + u.gradient @ u.gradient) - point.drift @ u.gradient
            return point.weight * (flow - point.divergence)

        def projection(theta: jax.Array, point: Points) -> jax.Array:
            u = jet(unravel(theta), standard, point.x)
            return point.weight * (diffusion * u.gradient - point.drift)

        self._residual = jax.jit(jax.vmap(residual, (None, 0)))
        self._residual_slopes = jax.jit(jax.vmap(jax.value_and_grad(residual), (None, 0)))
        self._projection = jax.jit(jax.vmap(projection, (None, 0)))
        self._projection_slopes = jax.jit(jax.vmap(jax.jacrev(projection), (None, 0)))

    def residual(self, points: Points) -> Rows:
        """weight r, (n,)."""
        return lambda theta: np.asarray(self._residual(theta, points))

    def linearised_residual(self, points: Points) -> LinearisedRows:
        """The same with its Jacobian."""

        def linearise(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows, slopes = self._residual_slopes(theta, points)
            return np.asarray(rows), np.asarray(slopes)

        return linearise

    def projection(self, points: Points) -> Rows:
        """weight (D grad u - b), (n d,)."""
        return lambda theta: np.asarray(self._projection(theta, points)).ravel()

    def linearised_projection(self, points: Points) -> LinearisedRows:
        """The same with its Jacobian."""

        def linearise(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            rows = np.asarray(self._projection(theta, points)).ravel()
            return rows, np.asarray(self._projection_slopes(theta, points)).reshape(len(rows), -1)

        return linearise
