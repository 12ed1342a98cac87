"""The exact boundary values built on distances instead of on the boundary functions' values.

    f = sigmoid(z),  z = g(x) + log rho_A(t_A) - log rho_B(t_B),
    log rho(t) = log erf(t / depth) - bend t exp(-t^2 / depth^2),

with t the distance to A or B (`blocks/distance.py`). Near A, f is g's exponential times rho, as a committor is where the
boundary is smooth: it grows there like t - bend t^2 with

    2 bend = Lap t + beta b . grad t,   b the drift,

which follows from q'' + (Lap t + beta b . grad t) q' = 0 along the normal. Where that is the same all over the boundary, so
is the bend; where it is not, a network has to learn the rest, and the bend is half the mean of Lap t. z holds nothing of the
factor that a boundary function carries. At four depths rho is 1 up to 2e-8: what lies beyond the distances that are trusted
does not matter. What was measured: docs/decisions/0074.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special

from mfbench.tasks.committor import CommittorProblem

from .distance import Distance, curvature, distance_to, jet_of
from .drift import drift
from .jet import Jet

INNER = 1e-5
"""Below this distance the logarithm goes on as its tangent: finite inside A and B, and pointing outwards."""
BENT = 0.6
"""Largest depth times bend."""
ALIKE = 0.1
"""Spread of 2 bend over the boundary, in units of its mean, up to which it is the same everywhere."""
DEPTHS = 4.0
"""Between the boundary and the end of what is trusted."""


class Layer(NamedTuple):
    """log rho (n,) at u (n, d), for jax."""

    distance: Distance
    depth: float
    bend: float

    def __call__(self, u: jax.Array) -> jax.Array:
        """Below INNER it goes on as a tangent."""
        t = self.distance(u)
        safe = jnp.maximum(t, INNER)
        ratio = safe / self.depth
        rise = jnp.log(jax.scipy.special.erf(ratio)) - self.bend * safe * jnp.exp(-(ratio**2))
        return rise + jnp.minimum(t - INNER, 0.0) / INNER


class DistanceLift(NamedTuple):
    """The part of the logit that no network learns."""

    at_a: Layer
    at_b: Layer

    def __call__(self, u: jax.Array) -> jax.Array:
        """(n, d) -> (n,)."""
        return self.at_a(u) - self.at_b(u)


def lift_jet(lift: DistanceLift, mobility: np.ndarray | float = 1.0) -> Callable[[np.ndarray], Jet]:
    """The function u (n, d) -> Jet outside A and B, with Lap_M, which is compiled anew for another n.

    Args:
        lift: of the logit.
        mobility: (d,) diagonal of M, 1 where all directions are alike.
    """
    jets = [jet_of(layer.distance, mobility) for layer in lift]

    def jet(u: np.ndarray) -> Jet:
        parts = [
            layer_jet(t(u), layer.depth, layer.bend, mobility) for t, layer in zip(jets, lift, strict=True)
        ]
        return Jet(*(one - other for one, other in zip(*parts, strict=True)))

    return jet


def layer_jet(t: Jet, depth: float, bend: float, mobility: np.ndarray | float = 1.0) -> Jet:
    """log rho and its derivatives by those of t, outside the set and at least INNER away from it."""
    safe = np.maximum(t.value, INNER)
    ratio = safe / depth
    rho, fall = scipy.special.erf(ratio), np.exp(-(ratio**2))
    rise = 2.0 / np.sqrt(np.pi) * fall / rho / depth
    first = rise - bend * fall * (1.0 - 2.0 * ratio**2)
    second = -rise * (2.0 * ratio / depth + rise) + 2.0 * bend * fall * ratio / depth * (3.0 - 2.0 * ratio**2)
    square = np.sum(mobility * t.gradient**2, axis=1)  # 1 where all directions are alike
    laplacian = second * square + first * t.laplacian
    return Jet(np.log(rho) - bend * safe * fall, first[:, None] * t.gradient, laplacian)


def distance_lift(problem: CommittorProblem) -> DistanceLift:
    """The lift of a problem, from its boundary functions and start points."""
    gap = float(np.min(np.linalg.norm(problem.start_a[:, None] - problem.start_b[None], axis=2)))

    def layer(boundary: Callable[[jax.Array], jax.Array], inside: np.ndarray) -> Layer:
        distance = distance_to(boundary, inside, gap)
        curvatures = curvature(distance)
        bend = 0.5 * float(np.mean(curvatures))
        depth = min(distance.trusted / DEPTHS, BENT / max(abs(bend), BENT / gap))
        bends = 0.5 * (curvatures + _outwards(problem, distance))
        if problem.mobility is None and np.std(bends) <= ALIKE * abs(np.mean(bends)):
            bend = float(np.clip(np.mean(bends), -BENT / depth, BENT / depth))
        return Layer(distance, depth, bend)

    return DistanceLift(
        layer(problem.boundary_a, problem.start_a), layer(problem.boundary_b, problem.start_b)
    )


def _outwards(problem: CommittorProblem, distance: Distance) -> np.ndarray:
    """beta b . grad t at the anchors, (m,)."""
    at = jnp.asarray(distance.anchors)
    return np.asarray(problem.beta * jnp.sum(drift(problem, at) * distance.foot(at).normal, axis=1))
