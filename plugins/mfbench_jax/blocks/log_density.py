"""A log-density u(x) up to its constant: tanh network plus quadratic form, with first and second derivatives.

In standardised coordinates z = R (x - c), R an inverse square root of a covariance,

    u(x) = a . h(z) + s . z + z.C z,   h: tanh layers, C upper triangular.

The quadratic part alone is the general Gaussian, and it rules the tails, where tanh saturates.
The Laplacian is carried forward through the layers beside value and Jacobian (Li et al., Nature
Machine Intelligence 6 (2024) 209, "forward Laplacian"): one pass, no nested differentiation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .jet import Jet

Array = jax.Array | np.ndarray


class Standard(NamedTuple):
    """Coordinates in which the law has mean 0 and covariance I: centre c (d,), root R (d, d)."""

    centre: np.ndarray
    root: np.ndarray


class LogDensity(NamedTuple):
    """Parameters of u.

    Args:
        weights: per hidden layer (m, k), from k inputs.
        biases: per hidden layer (m,).
        amplitude: a, (m,) of the last layer.
        slope: s, (d,).
        curvature: entries of C on and above its diagonal, (d (d + 1) / 2,), row by row.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    amplitude: Array
    slope: Array
    curvature: Array


def standardised(x: np.ndarray) -> Standard:
    """The coordinates that give the points x (n, d) mean 0 and covariance I."""
    factor = np.linalg.cholesky(np.cov(x.T).reshape(x.shape[1], x.shape[1]))
    return Standard(x.mean(axis=0), np.linalg.inv(factor))


def gaussian_closure(rng: np.random.Generator, dim: int, width: int, depth: int) -> LogDensity:
    """u = -|z|^2 / 2, with hidden layers drawn at random (variance 2/k, biases of variance 1) and amplitude zero."""
    sizes = [dim] + [width] * depth
    weights = [rng.standard_normal((m, k)) * (2.0 / k) ** 0.5 for k, m in pairwise(sizes)]
    return LogDensity(
        weights=tuple(weights),
        biases=tuple(rng.standard_normal(width) for _ in weights),
        amplitude=np.zeros(width),
        slope=np.zeros(dim),
        curvature=-0.5 * np.eye(dim)[np.triu_indices(dim)],
    )


def _quadratic(u: LogDensity) -> jax.Array:
    dim = u.slope.shape[0]
    return jnp.zeros((dim, dim)).at[np.triu_indices(dim)].set(u.curvature)


def values(u: LogDensity, standard: Standard, x: jax.Array) -> jax.Array:
    """u at points x (n, d), (n,)."""
    z = (x - standard.centre) @ standard.root.T
    hidden = z
    for weight, bias in zip(u.weights, u.biases, strict=True):
        hidden = jnp.tanh(hidden @ weight.T + bias)
    return hidden @ u.amplitude + z @ u.slope + jnp.sum((z @ _quadratic(u)) * z, axis=1)


def jet(u: LogDensity, standard: Standard, x: jax.Array) -> Jet:
    """u and its derivatives in x at one point x (d,)."""
    z = standard.root @ (x - standard.centre)
    hidden, jacobian, laplacian = z, standard.root, jnp.zeros_like(z)
    for weight, bias in zip(u.weights, u.biases, strict=True):
        hidden = jnp.tanh(weight @ hidden + bias)
        jacobian, laplacian = weight @ jacobian, weight @ laplacian
        first = 1.0 - hidden**2  # tanh', and tanh'' = -2 tanh tanh'
        laplacian = first * (laplacian - 2.0 * hidden * jnp.sum(jacobian**2, axis=1))
        jacobian = first[:, None] * jacobian
    quadratic = _quadratic(u)
    hessian = quadratic + quadratic.T
    return Jet(
        value=u.amplitude @ hidden + u.slope @ z + z @ quadratic @ z,
        gradient=u.amplitude @ jacobian + (u.slope + hessian @ z) @ standard.root,
        laplacian=u.amplitude @ laplacian + jnp.sum((hessian @ standard.root) * standard.root),
    )
