"""The exact boundary values built on distances instead of on the boundary functions' values.

    f = sigmoid(z),  z = g(x) + log rho_A(t_A) - log rho_B(t_B),

with t the distance to A or B (`blocks/distance.py`). Near A, f is g's exponential times rho. Along the normals of A's
boundary a committor that varies along them alone has

    q'' + (Lap t + beta b . grad t) q' = 0,   Lap t = sum_i k_i / (1 + t k_i),

b the drift and k_i the principal curvatures (Gilbarg and Trudinger 2001, lemma 14.17), so that log q' falls like
total t - square t^2 / 2 with total = sum_i k_i + beta b . grad t at the boundary and square = sum_i k_i^2. So does that of

    rho = int_0^t (1 + curvature s)^-directions ds,   curvature = square / total,   directions = total^2 / square,

which is exact next to balls and cylinders without a force. The force is another one all around most sets; then a network
has to learn it. Up to where distances are trusted t slows down to a standstill, so that what lies beyond does not matter.
z holds nothing of the factor that a boundary function carries. What was measured: docs/decisions/0074, 0076.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from math import comb
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from array_api_compat import array_namespace

from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.gaps import nearest

from .compiled import once
from .distance import Distance, distance_to, jet_of, shapes_at_anchors, steepness
from .drift import drift
from .jet import Jet

INNER = 1e-5
"""Below this distance the logarithm goes on as its tangent: finite inside A and B, and pointing outwards."""
GROWN = 2.0
"""Largest reach times the rate at which q' grows at the boundary: by a factor of 5.4 at most, in one direction."""
ALIKE = 0.1
"""Spread of the force over the boundary, in units of its mean, up to which it is the same everywhere."""
MOST = 100.0
"""Directions at most: where a boundary is flat and there is a force, q' is an exponential."""
SMOOTH = 4
"""Derivatives that rho has at the reach, where it becomes constant."""
SLOWING = tuple((-1) ** k * comb(SMOOTH, k) / (2 * k + 1) for k in range(SMOOTH + 1))
"""int_0^s (1 - x^2)^SMOOTH dx / s in powers of s^2."""


class Profile(NamedTuple):
    """rho of a distance t > 0, for numpy and jax.

    Args:
        reach: from here on rho is constant.
        curvature: at which its slope falls; grows, where negative.
        directions: in how many of them, >= 1.
    """

    reach: float
    curvature: float = 0.0
    directions: float = 1.0

    def __call__(self, t: Any) -> Any:
        """rho, of the shape of t."""
        xp, tau = array_namespace(t), self._slowed(self._share(t))
        # int ds / (1 + curvature s), along which rho' is an exponential.
        stretch = xp.log1p(self.curvature * tau) / self.curvature if self.curvature else tau
        growth = (1.0 - self.directions) * self.curvature
        return xp.expm1(growth * stretch) / growth if growth else stretch

    def derivatives(self, t: Any) -> tuple[Any, Any]:
        """rho' and rho'', of the shape of t each."""
        s = self._share(t)
        speed, slowing = (1.0 - s**2) ** SMOOTH, -2.0 * SMOOTH * s * (1.0 - s**2) ** (SMOOTH - 1) / self.reach
        wider = 1.0 + self.curvature * self._slowed(s)
        slope, fall = wider**-self.directions, self.directions * self.curvature / wider
        return slope * speed, slope * (slowing - fall * speed**2)

    def _share(self, t: Any) -> Any:
        return array_namespace(t).clip(t / self.reach, 0.0, 1.0)

    def _slowed(self, s: Any) -> Any:
        """int_0^t (1 - (x / reach)^2)^SMOOTH dx by t's share s of the reach."""
        return self.reach * s * reduce(lambda total, c: total * s**2 + c, reversed(SLOWING))


class Layer(NamedTuple):
    """log rho (n,) at u (n, d), for jax."""

    distance: Distance
    profile: Profile

    def __call__(self, u: jax.Array) -> jax.Array:
        """Below INNER it goes on as a tangent."""
        t = self.distance(u)
        return jnp.log(self.profile(jnp.maximum(t, INNER))) + jnp.minimum(t - INNER, 0.0) / INNER


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
        parts = [layer_jet(t(u), layer.profile, mobility) for t, layer in zip(jets, lift, strict=True)]
        return Jet(*(one - other for one, other in zip(*parts, strict=True)))

    return jet


def layer_jet(t: Jet, profile: Profile, mobility: np.ndarray | float = 1.0) -> Jet:
    """log rho and its derivatives by those of t, outside the set and at least INNER away from it."""
    safe = np.maximum(t.value, INNER)
    rho, (slope, bend) = profile(safe), profile.derivatives(safe)
    first = slope / rho
    square = np.sum(mobility * t.gradient**2, axis=1)  # 1 where all directions are alike
    laplacian = (bend / rho - first**2) * square + first * t.laplacian
    return Jet(np.log(rho), first[:, None] * t.gradient, laplacian)


def distance_lift(problem: CommittorProblem) -> DistanceLift:
    """The lift of a problem, from its boundary functions and start points."""
    gap = nearest(problem.start_a, problem.start_b)

    def layer(boundary: Callable[[jax.Array], jax.Array], inside: np.ndarray) -> Layer:
        distance = distance_to(boundary, inside, gap)
        return Layer(distance, profile_of(problem, distance))

    return DistanceLift(
        layer(problem.boundary_a, problem.start_a), layer(problem.boundary_b, problem.start_b)
    )


def asked_for(lift: DistanceLift, problem: CommittorProblem) -> int:
    """Points at which the drift was asked for the lift of a problem."""
    return 0 if problem.mobility is not None else sum(len(layer.distance.anchors) for layer in lift)


def profile_of(problem: CommittorProblem, distance: Distance) -> Profile:
    """By means over the points of the boundary that are known."""
    shapes = shapes_at_anchors(distance)
    total = float(np.mean(np.trace(shapes, axis1=1, axis2=2)))
    square = float(np.mean(np.sum(shapes**2, axis=(1, 2))))
    if problem.mobility is None:  # with one the normal's part of it is another one everywhere
        force = np.asarray(once(partial(_force, problem, distance))(distance.anchors))
        if np.std(force) <= ALIKE * abs(np.mean(force)):
            total += float(np.mean(force))
    directions = float(np.clip(total**2 / square, 1.0, MOST)) if square > 0.0 else MOST
    reach = GROWN / max(-total, GROWN / distance.trusted)
    return Profile(reach, total / directions, directions)


def _force(problem: CommittorProblem, distance: Distance, at: jax.Array) -> jax.Array:
    """beta b . grad t (n,) at points (n, d) of the boundary."""
    _, slope, size = steepness(distance.boundary, at)
    return problem.beta * jnp.sum(drift(problem, at) * slope, axis=1) / size
