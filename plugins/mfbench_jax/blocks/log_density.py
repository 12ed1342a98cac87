"""A log-density u(x) up to its constant: tanh network plus a mixture of Gaussians, with first and second derivatives.

In standardised coordinates z = R (x - c), R an inverse square root of a covariance,

    u(x) = a . h(z) + log sum_k exp(g_k(z)),   g_k(z) = o_k + s_k . z + z.C_k z,   h: tanh layers, C_k upper triangular.

The mixture alone is a mixture of general Gaussians, of one where K = 1; it places the modes and rules the tails,
where tanh saturates.
The Laplacian is carried forward through the layers beside value and Jacobian (Li et al., Nature
Machine Intelligence 6 (2024) 209, "forward Laplacian"): one pass, no nested differentiation.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .gaussian_mixture import Mixture
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
        offset: o, (K,).
        slope: s, (K, d).
        curvature: entries of each C_k on and above its diagonal, (K, d (d + 1) / 2), row by row.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    amplitude: Array
    offset: Array
    slope: Array
    curvature: Array


def standardised(x: np.ndarray) -> Standard:
    """The coordinates that give the points x (n, d) mean 0 and covariance I."""
    factor = np.linalg.cholesky(np.cov(x.T).reshape(x.shape[1], x.shape[1]))
    return Standard(x.mean(axis=0), np.linalg.inv(factor))


def mixture_closure(
    rng: np.random.Generator, mixture: Mixture, standard: Standard, width: int, depth: int
) -> LogDensity:
    """u = log of a mixture's density in x, with hidden layers drawn at random and amplitude zero.

    Layers have weights of variance 2/k, k their inputs, and biases of variance 1.
    """
    dim = mixture.means.shape[1]
    sizes = [dim] + [width] * depth
    weights = [rng.standard_normal((m, k)) * (2.0 / k) ** 0.5 for k, m in pairwise(sizes)]
    means = (mixture.means - standard.centre) @ standard.root.T
    roots = [np.linalg.inv(standard.root @ factor) for factor in mixture.factors]
    precisions = np.stack([root.T @ root for root in roots])
    heights = np.log(mixture.shares) + np.array([np.linalg.slogdet(root)[1] for root in roots])
    slopes = np.einsum("kij,kj->ki", precisions, means)
    upper = np.triu(precisions) - 0.5 * precisions * np.eye(dim)
    return LogDensity(
        weights=tuple(weights),
        biases=tuple(rng.standard_normal(width) for _ in weights),
        amplitude=np.zeros(width),
        offset=heights - 0.5 * np.sum(slopes * means, axis=1),
        slope=slopes,
        curvature=-upper[:, *np.triu_indices(dim)],
    )


def as_mixture(u: LogDensity, standard: Standard) -> Mixture | None:
    """The mixture in u as a law in x; None where one of its components has no Gaussian's curvature.

    Since tanh is bounded, so is the ratio of exp(u) to its density.
    """
    quadratics = np.asarray(_quadratics(u))
    precisions = -(quadratics + np.swapaxes(quadratics, 1, 2))
    if np.min(np.linalg.eigvalsh(precisions)) <= 0.0:
        return None
    roots = np.linalg.cholesky(precisions)
    slope = np.asarray(u.slope)
    means = np.stack([np.linalg.solve(p, s) for p, s in zip(precisions, slope, strict=True)])
    # The integral of exp(g_k) over z is, up to one constant, exp(o_k + s_k . m_k / 2) / det(root).
    masses = np.asarray(u.offset) + 0.5 * np.sum(slope * means, axis=1)
    masses = masses - np.sum(np.log(np.diagonal(roots, axis1=1, axis2=2)), axis=1)
    back = np.linalg.inv(standard.root)
    covariances = back @ np.linalg.inv(precisions) @ back.T
    shares = np.exp(masses - np.max(masses))
    return Mixture(shares / np.sum(shares), standard.centre + means @ back.T, np.linalg.cholesky(covariances))


def _quadratics(u: LogDensity) -> jax.Array:
    components, dim = u.slope.shape
    return jnp.zeros((components, dim, dim)).at[:, *np.triu_indices(dim)].set(u.curvature)


def values(u: LogDensity, standard: Standard, x: jax.Array) -> jax.Array:
    """u at points x (n, d), (n,)."""
    z = (x - standard.centre) @ standard.root.T
    hidden = z
    for weight, bias in zip(u.weights, u.biases, strict=True):
        hidden = jnp.tanh(hidden @ weight.T + bias)
    curved = jnp.einsum("ni,kij,nj->nk", z, _quadratics(u), z)
    return hidden @ u.amplitude + jax.nn.logsumexp(u.offset + z @ u.slope.T + curved, axis=1)


def jet(u: LogDensity, standard: Standard, x: jax.Array, along: Array) -> Jet:
    """u and its derivatives in x at one point x (d,).

    The Laplacian is sum_ij (A A^T)_ij d_i d_j u with A = along, (d, k) or a number: in the directions in which noise acts.
    """
    z = standard.root @ (x - standard.centre)
    hidden, jacobian, laplacian = z, standard.root, jnp.zeros_like(z)
    for weight, bias in zip(u.weights, u.biases, strict=True):
        hidden = jnp.tanh(weight @ hidden + bias)
        jacobian, laplacian = weight @ jacobian, weight @ laplacian
        first = 1.0 - hidden**2  # tanh', and tanh'' = -2 tanh tanh'
        laplacian = first * (laplacian - 2.0 * hidden * jnp.sum(stretched(jacobian, along) ** 2, axis=1))
        jacobian = first[:, None] * jacobian
    mixture = _mixture_jet(u, standard, z, along)
    return Jet(
        value=u.amplitude @ hidden + mixture.value,
        gradient=u.amplitude @ jacobian + mixture.gradient,
        laplacian=u.amplitude @ laplacian + mixture.laplacian,
    )


def stretched(vectors: Array, along: Array) -> Array:
    """(..., d) @ (d, k); a number stands for its multiple of I."""
    return along * vectors if np.ndim(along) == 0 else vectors @ along


def _mixture_jet(u: LogDensity, standard: Standard, z: jax.Array, along: Array) -> Jet:
    """log sum_k exp(g_k) and its derivatives in x at z (d,): the means of grad g_k, and of Lap g_k + |grad g_k|^2."""
    quadratics = _quadratics(u)
    curvatures = quadratics + jnp.swapaxes(quadratics, 1, 2)
    heights = u.offset + u.slope @ z + jnp.einsum("i,kij,j->k", z, quadratics, z)
    shares = jax.nn.softmax(heights)
    gradients = (u.slope + curvatures @ z) @ standard.root
    root = stretched(standard.root, along)
    laplacians = jnp.einsum("kij,ij->k", curvatures, root @ root.T)
    gradient = shares @ gradients
    spread = shares @ jnp.sum(stretched(gradients - gradient, along) ** 2, axis=1)
    return Jet(jax.nn.logsumexp(heights), gradient, shares @ laplacians + spread)
