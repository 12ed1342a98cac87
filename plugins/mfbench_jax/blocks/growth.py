"""The rate at which a log-density grows, u_t = F(u), split at a Gaussian: u = g + w.

p_t = -div(b p) + sum_ij d_i d_j (D_ij p), divided by p = exp(u), with c_i = sum_j d_j D_ij:

    F(u) = D : (grad grad u + grad u grad u^T) - (b - 2 c) . grad u - div(b - c).

For g the Gaussian that follows a linear equation with F, f and noise D_0 (`linear_flow.py`), g_t is F(g) of that
equation, so that

    w_t = D : (grad grad w + grad w grad w^T) + (2 D grad g - (b - 2 c)) . grad w + rho,
    rho = (D - D_0) : (grad grad g + grad g grad g^T) - (b - 2 c - F y - f) . grad g - (div(b - c) - tr F),

where rho = 0 to rounding for a linear equation with uniform noise.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .flat_coordinates import Coordinates
from .linear_flow import Gaussian, Linear


class Coefficients(NamedTuple):
    """At points: D (n, d, d), or (1, d, d) where it is the same at all, b - 2 c (n, d), div(b - c) (n,)."""

    noise: np.ndarray
    drift: np.ndarray
    divergence: np.ndarray


class Tilt(NamedTuple):
    """Coefficients of w's equation: D as above, a (n, d) of its gradient, rho (n,)."""

    noise: np.ndarray
    advection: np.ndarray
    source: np.ndarray


class Growth:
    """Coefficients at points, compiled once for each number of points."""

    def __init__(self, coordinates: Coordinates) -> None:
        def bent(x: jax.Array, t: jax.Array) -> jax.Array:
            """c, (d,)."""
            if coordinates.uniform:
                return jnp.zeros_like(x)
            return jnp.einsum("ijj->i", jax.jacfwd(coordinates.noise)(x, t))

        def alone(x: jax.Array, t: jax.Array) -> tuple[jax.Array, jax.Array]:
            def rest(z: jax.Array) -> jax.Array:
                return coordinates.drift(z, t) - bent(z, t)

            divergence = jnp.trace(jax.jacfwd(rest)(x) @ coordinates.frame(x))
            return rest(x) - bent(x, t), divergence

        self._coordinates = coordinates
        self._noise, self._rest = coordinates.at_points(coordinates.noise), coordinates.at_points(alone)

    def coefficients(self, x: np.ndarray, t: float) -> Coefficients:
        """At x (n, d)."""
        self._coordinates.evaluations += (1 + x.shape[1]) * len(x)
        noise = self._noise(x[:1] if self._coordinates.uniform else x, t)
        return Coefficients(np.asarray(noise), *(np.asarray(part) for part in self._rest(x, t)))


def tilt(at: Coefficients, y: np.ndarray, now: Gaussian, linear: Linear) -> Tilt:
    """Coefficients of w's equation at y (n, d)."""
    precision = np.linalg.inv(now.covariance)
    slope = -(y - now.mean) @ precision
    excess = at.noise - linear.noise
    source = np.sum((times(excess, slope) - at.drift + y @ linear.matrix.T + linear.constant) * slope, axis=1)
    source -= at.divergence - np.trace(linear.matrix) + np.einsum("nij,ij->n", excess, precision)
    return Tilt(at.noise, 2.0 * times(at.noise, slope) - at.drift, source)


def times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Matrices (n, d, d), or one (1, d, d), times vectors (n, d), (n, d); the matrices are symmetric."""
    if len(matrices) == 1:
        return vectors @ matrices[0]
    return np.asarray(np.einsum("nij,nj->ni", matrices, vectors))
