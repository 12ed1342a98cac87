"""The exact boundary values built on distances instead of on the boundary functions' values.

    f = sigmoid(z),  z = g(x) + log rho(t_A) - log rho(t_B),  rho(t) = erf(t / depth),

with t the distance to A or B (`blocks/distance.py`). Near A, f is g's exponential times t, as a committor is where
the boundary is smooth, and z holds nothing of the factor that a boundary function carries. At four depths rho is 1
up to 2e-8: what lies beyond the distances that are trusted does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from mfbench.tasks.committor import CommittorProblem

from .ansatz import Scale
from .distance import Distance, DistanceJet, distance_to, jet_of

INNER = 1e-5
"""Below this distance the logarithm goes on as its tangent: finite inside A and B, and pointing outwards."""
DEPTHS = 4.0
"""Between the boundary and the end of what is trusted."""


class DistanceLift(NamedTuple):
    """The part of the logit that no network learns, in scaled coordinates u."""

    to_a: Distance
    to_b: Distance
    depth: float

    def __call__(self, u: jax.Array) -> jax.Array:
        """(n, d) -> (n,)."""
        return log_rise(self.to_a(u), self.depth) - log_rise(self.to_b(u), self.depth)


class LiftJet(NamedTuple):
    """Value (n,), gradient (n, d) and Laplacian (n,) of a lift."""

    value: np.ndarray
    gradient: np.ndarray
    laplacian: np.ndarray


def lift_jet(lift: DistanceLift) -> Callable[[np.ndarray], LiftJet]:
    """The function u (n, d) -> LiftJet outside A and B, which is compiled anew for another n."""
    jets = jet_of(lift.to_a), jet_of(lift.to_b)

    def jet(u: np.ndarray) -> LiftJet:
        parts = [log_rise_jet(jet(u), lift.depth) for jet in jets]
        return LiftJet(*(one - other for one, other in zip(*parts, strict=True)))

    return jet


def log_rise_jet(t: DistanceJet, depth: float) -> LiftJet:
    """log rho(t) with L' = 2 exp(-t^2 / depth^2) / (sqrt(pi) depth rho) and L'' = -L' (2 t / depth^2 + L')."""
    ratio = np.maximum(t.value, INNER) / depth
    rho = scipy.special.erf(ratio)
    rise = np.where(t.value > INNER, 2.0 / np.sqrt(np.pi) * np.exp(-(ratio**2)) / rho / depth, 1.0 / INNER)
    curve = np.where(t.value > INNER, -rise * (2.0 * ratio / depth + rise), 0.0)
    value = np.log(rho) + np.minimum(t.value - INNER, 0.0) / INNER
    return LiftJet(value, rise[:, None] * t.gradient, curve + rise * t.laplacian)


def log_rise(t: jax.Array, depth: float) -> jax.Array:
    """log rho(t), continued below INNER by its tangent."""
    safe = jnp.maximum(t, INNER)
    return jnp.log(jax.scipy.special.erf(safe / depth)) + jnp.minimum(t - INNER, 0.0) / INNER


def distance_lift(problem: CommittorProblem, scale: Scale) -> DistanceLift:
    """The lift of a problem, from its boundary functions and start points."""
    centre, length = scale.centre, float(scale.length)
    start_a, start_b = ((points - centre) / length for points in (problem.start_a, problem.start_b))
    gap = float(np.linalg.norm(start_a.mean(axis=0) - start_b.mean(axis=0)))

    def to_x(u: jax.Array) -> jax.Array:
        return u * length + jnp.asarray(centre, u.dtype)

    to_a = distance_to(lambda u: problem.boundary_a(to_x(u)), start_a, gap)
    to_b = distance_to(lambda u: problem.boundary_b(to_x(u)), start_b, gap)
    return DistanceLift(to_a, to_b, min(to_a.trusted, to_b.trusted) / DEPTHS)
