"""The exact boundary values f = 0 on A, f = 1 on B, built from the boundary functions alone.

With a = max(boundary_a, 0), b = max(boundary_b, 0) the ansatz is

    f = sigmoid(z),  z = g(x) + log(a / (a + depth)) - log(b / (b + depth)),

g a free function. The logarithms saturate at distances beyond `depth`, so that only the layers
next to A and B feel the boundary functions' values, which mean nothing further out.

The way from A to B is about sqrt(d) coordinates long, and the boundary functions' values may vary over the length of one:
the layers are thinner in many dimensions (`depth_in`). In thick ones the logarithms are rougher than the committor's.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

INNER = 1e-6
"""Below this rise the logarithm goes on as its tangent: finite inside A and B, and pointing outwards."""

FEW = 10
"""Dimensions up to which a depth is what is asked for."""

Lift = Callable[[jax.Array], jax.Array]
"""(n, d) -> (n,) the lift z - g."""


def log_rise(rise: jax.Array, depth: float) -> jax.Array:
    """log(r / (r + depth)), continued below r = INNER by its tangent."""
    safe = jnp.maximum(rise, INNER)
    return jnp.log(safe / (safe + depth)) + jnp.minimum(rise - INNER, 0.0) / INNER


def depth_in(dim: int, depth: float) -> float:
    """The depth asked for, in units of the way between the sets, in so many dimensions."""
    return depth * min(1.0, (FEW / dim) ** 0.5)


def lift_of(problem: CommittorProblem, depth: float) -> Lift:
    """The lift of a problem; each boundary function in units of its mean over the other set's start points."""
    depth = depth_in(problem.dim, depth)
    unit_a = float(np.mean(np.asarray(problem.boundary_a(problem.start_b))))
    unit_b = float(np.mean(np.asarray(problem.boundary_b(problem.start_a))))

    def lift(x: jax.Array) -> jax.Array:
        rise_a = problem.boundary_a(x) / unit_a
        rise_b = problem.boundary_b(x) / unit_b
        return (log_rise(rise_a, depth) - log_rise(rise_b, depth)).astype(x.dtype)

    return lift


def no_lift(x: jax.Array) -> jax.Array:
    """The lift of a solution that learns its boundary values, (n, d) -> (n,) zeros."""
    return jnp.zeros_like(x[:, 0])


def committor(problem: CommittorProblem, logit: jax.Array, x: jax.Array) -> jax.Array:
    """sigmoid(logit), with exactly 0 on A and 1 on B; x (n, d), logit (n,)."""
    values = jnp.where(problem.in_a(x), 0.0, jax.nn.sigmoid(logit))
    return jnp.where(problem.in_b(x), 1.0, values)
