"""The score s(x) = grad log p of a law as an affine map plus a tanh network, the same for every one of its bodies.

x holds N bodies of d1 coordinates, one after the other: exchangeable particles, or a single body, N = 1, where nothing is
known. In whitened coordinates z_i of a body, with y_i = z_i for N = 1 and y_i = (z_i, N^-1/2 sum_j z_j) else,

    s_i = L^-T (a + A y_i + sum_k c_k tanh(w_k . y_i + b_k) + G g_i),   z_i = L^-1 (x_i - m),

so that exchanging bodies exchanges their scores (deep sets: Zaheer et al., NeurIPS 2017, with the mean as the pooled
feature; in physics a mean field). A Gaussian law that bodies share in any order has exactly a score with c = 0. g are
guides, given vector fields that s is likely to follow; their derivatives are the caller's (`characteristics.py`), and what
is said of s below is said of s without them.

Everything that the flow needs of the network's derivatives is written down, for every unit at once: an affine unit is
one of slope 1 and bend 0.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Score(NamedTuple):
    """Parameters; q is d1 for one body and 2 d1 for more.

    Args:
        centre: m (d1,).
        inverse: L^-1 (d1, d1).
        affine: (1 + q, d1), the constant first.
        weights, biases: (u, q) and (u,) of the hidden units.
        heads: c (u, d1).
        guided: G (r, d1).
    """

    centre: Any
    inverse: Any
    affine: Any
    weights: Any
    biases: Any
    heads: Any
    guided: Any


class Jet(NamedTuple):
    """s at one point with all of its derivatives, by units k, of the affine map and of the network alike.

    Args:
        value: s (d,).
        slopes, bends: T' and T'' of every unit at every body, (N, k).
        own, shared: gradient of a unit's argument by the coordinates of its body, and N times that by those of any, (k, d1);
            None for a single body.
        heads: what a unit adds to s, (k, d1).
    """

    value: jax.Array
    slopes: jax.Array
    bends: jax.Array
    own: jax.Array
    shared: jax.Array | None
    heads: jax.Array


def inputs(score: Score, x: jax.Array, bodies: int) -> jax.Array:
    """y of points x (..., d), (..., N, q)."""
    z = (x.reshape(*x.shape[:-1], bodies, -1) - score.centre) @ score.inverse.T
    if bodies == 1:
        return z
    pooled = jnp.sum(z, axis=-2, keepdims=True) / math.sqrt(bodies)
    return jnp.concatenate([z, jnp.broadcast_to(pooled, z.shape)], axis=-1)


def white(score: Score, y: jax.Array) -> jax.Array:
    """L^T s at inputs y (..., q), (..., d1)."""
    hidden = jnp.tanh(y @ score.weights.T + score.biases)
    return score.affine[0] + y @ score.affine[1:] + hidden @ score.heads


def values(score: Score, x: jax.Array, bodies: int) -> jax.Array:
    """s at points x, both (..., d)."""
    return (white(score, inputs(score, x, bodies)) @ score.inverse).reshape(x.shape)


def jet(score: Score, x: jax.Array, bodies: int) -> Jet:
    """At one point x (d,)."""
    y = inputs(score, x, bodies)
    hidden = jnp.tanh(y @ score.weights.T + score.biases)
    first = 1.0 - hidden**2
    flat = jnp.ones_like(y)
    weights = jnp.concatenate([jnp.eye(y.shape[1], dtype=y.dtype), score.weights])
    width = x.shape[0] // bodies
    own, pooled = weights[:, :width] @ score.inverse, weights[:, width:]
    shared = math.sqrt(bodies) * (pooled @ score.inverse) if bodies > 1 else None
    return Jet(
        values(score, x, bodies),
        jnp.concatenate([flat, first], axis=1),
        jnp.concatenate([jnp.zeros_like(flat), -2.0 * hidden * first], axis=1),
        own,
        shared,
        jnp.concatenate([score.affine[1:], score.heads]) @ score.inverse,
    )


def pulled(at: Jet, u: jax.Array) -> jax.Array:
    """(ds/dx)^T u, both (d,)."""
    return _spread(at, at.slopes * (u.reshape(len(at.slopes), -1) @ at.heads.T))


def jacobian(at: Jet) -> jax.Array:
    """ds/dx, (d, d): rows are of s."""
    bodies, dim = len(at.slopes), len(at.value)
    own = jnp.einsum("ik,ka,kb->iab", at.slopes, at.heads, at.own)
    blocks = jnp.einsum("iab,ij->iajb", own, jnp.eye(bodies))
    if at.shared is not None:
        blocks = blocks + jnp.einsum("ik,ka,kb->iab", at.slopes, at.heads, at.shared)[:, :, None] / bodies
    return blocks.reshape(dim, dim)


def contracted(at: Jet, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
    """D : ds/dx and its gradient at fixed D, () and (d,), for D a number () or a symmetric matrix (d, d)."""
    bodies = len(at.slopes)
    if noise.ndim == 0:
        ends = at.own if at.shared is None else at.own + at.shared / bodies
        share = noise * jnp.sum(at.heads * ends, axis=1)[None]
    else:
        blocks = noise.reshape(bodies, at.own.shape[1], bodies, at.own.shape[1])
        share = jnp.einsum("ka,iaib,kb->ik", at.heads, blocks, at.own)
        if at.shared is not None:
            share = share + jnp.einsum("ka,iajb,kb->ik", at.heads, blocks, at.shared) / bodies
    return jnp.sum(at.slopes * share), _spread(at, at.bends * share)


def _spread(at: Jet, by_units: jax.Array) -> jax.Array:
    """Gradient (d,) of a function from its derivatives by the units' arguments (N, k)."""
    found = by_units @ at.own
    if at.shared is not None:
        found = found + jnp.sum(by_units, axis=0) @ at.shared / len(by_units)
    return found.reshape(-1)
