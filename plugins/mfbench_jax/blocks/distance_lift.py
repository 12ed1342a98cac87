"""The exact boundary values built on distances instead of on the boundary functions' values.

    f = sigmoid(z),  z = g(x) + log rho(t_A) - log rho(t_B),  rho(t) = t / sqrt(t^2 + depth^2),

with t the distance to A or B (`blocks/distance.py`). Near A, f is g's exponential times t, as a committor is where
the boundary is smooth, and z holds nothing of the factor that a boundary function carries.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .ansatz import Scale
from .distance import Distance, distance_to

INNER = 1e-5
"""Below this distance the logarithm goes on as its tangent: finite inside A and B, and pointing outwards."""
DEPTH = 0.3
"""Depth as a share of the way from A to B, where the distances are trusted that far."""


class DistanceLift(NamedTuple):
    """The part of the logit that no network learns, in scaled coordinates u."""

    to_a: Distance
    to_b: Distance
    depth: float

    def __call__(self, u: jax.Array) -> jax.Array:
        """(n, d) -> (n,)."""
        return log_rise(self.to_a(u), self.depth) - log_rise(self.to_b(u), self.depth)

    def clearance(self, u: jax.Array) -> jax.Array:
        """(n,) the length on which the lift changes its shape: the distance to A or B, at most the depth."""
        nearest = jnp.minimum(self.to_a(u), self.to_b(u))
        return jnp.clip(nearest, INNER, self.depth)


def log_rise(t: jax.Array, depth: float) -> jax.Array:
    """log rho(t), continued below INNER by its tangent."""
    safe = jnp.maximum(t, INNER)
    return jnp.log(safe / jnp.sqrt(safe**2 + depth**2)) + jnp.minimum(t - INNER, 0.0) / INNER


def distance_lift(problem: CommittorProblem, scale: Scale) -> DistanceLift:
    """The lift of a problem, from its boundary functions and start points."""
    centre, length = scale.centre, float(scale.length)
    start_a, start_b = ((points - centre) / length for points in (problem.start_a, problem.start_b))
    gap = float(np.linalg.norm(start_a.mean(axis=0) - start_b.mean(axis=0)))

    def to_x(u: jax.Array) -> jax.Array:
        return u * length + jnp.asarray(centre, u.dtype)

    to_a = distance_to(lambda u: problem.boundary_a(to_x(u)), start_a, gap)
    to_b = distance_to(lambda u: problem.boundary_b(to_x(u)), start_b, gap)
    return DistanceLift(to_a, to_b, min(DEPTH * gap, to_a.trusted, to_b.trusted))
