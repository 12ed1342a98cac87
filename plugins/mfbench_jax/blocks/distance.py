"""Distance to the boundary of a set, from any boundary function of it.

A boundary function phi says where the boundary is and nothing of how far. The foot y of a point x, the nearest
point of {phi = 0}, is a property of the set alone: phi(y) = 0, and x - y along the normal. It is found by

    y <- y - phi n / |grad phi|,   then   y <- y + tau w,   n = grad phi / |grad phi|,   w = (x - y) - n (n . (x - y)),

a Newton step onto the boundary and one along it, tau = 1 / (1 + distance times curvature) by Barzilai and Borwein,
IMA J. Numer. Anal. 8 (1988) 141. Then t = n . (x - y) is the signed distance and n its gradient, whatever positive
factor phi carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .compiled import once
from .jet import Jet
from .landscape import value_and_slope

Field = Callable[[jax.Array], jax.Array]
"""(n, d) -> (n,)."""
TINY = 1e-30
"""Under roots and fractions: at a centre, inside the set, the gradient may vanish."""
SHORTEST, LONGEST = 0.02, 4.0
"""Bounds of tau."""
STEPS, ROUNDING = 24, 64.0
"""Of a search at most; last step, in units of rounding of the trusted distance, below which it is over: a plane needs four
of them, a ball fifteen."""
STRIDE = 1e-4
"""Of differences, as a share of the trusted distance: their error is of order STRIDE^2."""
HALVINGS = 10
"""Smallest distance asked for: gap / 2^HALVINGS."""
DOWN = 0.05
"""Newton's step, as a share of the way to the point, below which a step along the boundary is taken as well."""
NEAR = 1e-3
"""Last step of a search, as a share of the trusted distance, below which the foot counts as found."""
BESIDE = 0.01
"""How far from start points at which the boundary function is flat a search begins, as a share of the distance of the sets'
start points."""
AGREEMENT = 1e-6
"""Of a foot with the one that the point was raised from, as a share of the distance, where distances are trusted."""


class Distance(NamedTuple):
    """Signed distance to {boundary = 0}.

    Args:
        boundary: signed, smooth, gradient non-zero on its zero set.
        anchors: (m, d) points of the boundary, from the nearest of which a search starts.
        trusted: up to here it is the distance; where no foot is found, or a longer one, it is twice as much.
    """

    boundary: Field
    anchors: Any
    trusted: float

    def __call__(self, x: jax.Array) -> jax.Array:
        """t (n,) at x (n, d). Its derivative is the normal at the foot: the second one needs differences."""
        return self.signed(x, self.foot(jax.lax.stop_gradient(x)))

    def signed(self, x: jax.Array, foot: Foot) -> jax.Array:
        """The same, where feet are known."""
        foot = jax.tree.map(jax.lax.stop_gradient, foot)
        t = jnp.sum(foot.normal * (x - foot.y), axis=-1)
        side = jnp.sign(jax.lax.stop_gradient(self.boundary(x)))
        known = (foot.miss < NEAR * self.trusted) & (jnp.abs(t) < 2.0 * self.trusted)
        # On the wrong side it is the foot on another part of the boundary, that no start point is near to.
        return jnp.where(known & (side * t > -NEAR * self.trusted), t, side * 2.0 * self.trusted)

    def foot(self, x: jax.Array) -> Foot:
        """The nearest points of the boundary."""
        anchors = jnp.asarray(self.anchors, x.dtype)

        exact = ROUNDING * jnp.finfo(x.dtype).eps * self.trusted

        def searching(state: _Search) -> jax.Array:
            return (state.step < STEPS) & jnp.any(state.miss > exact)

        def move(state: _Search) -> _Search:
            y = state.y
            landing, normal = self._landing(y)
            gap = x - y
            w = gap - normal * jnp.sum(normal * gap, axis=-1, keepdims=True)
            dy, dw = y - state.y_before, state.w_before - w
            tau = jnp.sum(dy**2, axis=-1) / (jnp.abs(jnp.sum(dy * dw, axis=-1)) + TINY)
            tau = jnp.where(jnp.sum(dw**2, axis=-1) > TINY, jnp.clip(tau, SHORTEST, LONGEST), 1.0)
            # Away from the boundary normals mislead: down first.
            down = (_length(landing) < DOWN * _length(gap))[:, None]
            step = jnp.where(down, tau[:, None] * w, 0.0) - landing
            # A foot that is found stays, so that it does not depend on the points that are searched for beside it.
            moves = (state.miss > exact)[:, None]
            return _Search(
                state.step + 1,
                jnp.where(moves, y + step, y),
                jnp.where(moves & down, y, state.y_before),
                jnp.where(moves & down, w, state.w_before),
                jnp.where(moves[:, 0], _length(landing) + _length(w), state.miss),
            )

        start = anchors[jnp.argmin(jnp.sum(anchors**2, axis=1) - 2.0 * x @ anchors.T, axis=1)]
        unknown = jnp.full_like(x[:, 0], jnp.inf)
        first = _Search(jnp.zeros((), int), start, x, jnp.zeros_like(x), unknown)
        last = jax.lax.while_loop(searching, move, first)
        return Foot(last.y, self._landing(last.y)[1], last.miss)

    def _landing(self, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Newton's step onto the boundary (n, d) and the normal (n, d)."""
        value, slope, size = steepness(self.boundary, y)
        return value[:, None] * slope / size[:, None] ** 2, slope / size[:, None]


class _Search(NamedTuple):
    """Steps done (), points of the boundary y (n, d), where y and w were before (n, d), and the last step's length (n,)."""

    step: jax.Array
    y: jax.Array
    y_before: jax.Array
    w_before: jax.Array
    miss: jax.Array


class Steepness(NamedTuple):
    """phi (n,), grad phi (n, d) and |M^{1/2} grad phi| (n,): the first over the last is the distance to first order."""

    value: jax.Array
    slope: jax.Array
    size: jax.Array


def steepness(boundary: Field, x: jax.Array, strength: np.ndarray | float = 1.0) -> Steepness:
    """Of a boundary function at x (n, d).

    Args:
        boundary: signed boundary function.
        x: (n, d).
        strength: (d,) diagonal of M^{1/2}, the unit in which lengths are counted in each direction.
    """
    value, slope = value_and_slope(boundary, x)
    return Steepness(value, slope, _length(strength * slope))


class Foot(NamedTuple):
    """Where searches ended: y (n, d), the normals there (n, d), and by how much (n,) the last step moved."""

    y: jax.Array
    normal: jax.Array
    miss: jax.Array


def distance_to(boundary: Field, inside: np.ndarray, gap: float) -> Distance:
    """The distance to a set's boundary, and how far it can be trusted.

    Points of the boundary are raised along their normals: their feet must be the points that they were raised from.

    Args:
        boundary: of the set.
        inside: (m, d) points in the set.
        gap: between the sets' start points; half of it is the longest distance asked for.

    Raises:
        ValueError: no point of the boundary was found.
    """

    @once
    def foot(x: jax.Array, anchors: jax.Array) -> Foot:
        return Distance(boundary, anchors, gap).foot(x)

    first, found = _first_feet(foot, inside, gap)
    if not np.any(found):
        raise ValueError(
            "distance_to: Newton's method from the start points meets the boundary function's zero set nowhere; "
            "expected a set with a smooth boundary near its start points."
        )
    # As many anchors as start points, so that one compiled search serves both.
    feet = np.asarray(first.y)[np.resize(np.flatnonzero(found), len(inside))]
    normals = np.asarray(foot(feet, feet).normal)
    trusted = gap / 2.0**HALVINGS
    for radius in gap / 2.0 ** np.arange(HALVINGS - 1, 0, -1):
        missed = np.linalg.norm(np.asarray(foot(feet + radius * normals, feet).y) - feet, axis=1)
        if not np.max(missed) < AGREEMENT * radius:
            break
        trusted = float(radius)
    return Distance(boundary, feet, trusted)


def _first_feet(
    foot: Callable[[np.ndarray, np.ndarray], Foot], inside: np.ndarray, gap: float
) -> tuple[Foot, np.ndarray]:
    """Feet of points in the set, (m, d), and which of them (m,) are found.

    At a centre the boundary function may be flat, and Newton's method knows no way: then from places beside it.
    """
    beside = np.random.default_rng(0).standard_normal(inside.shape)
    beside *= BESIDE * gap / np.linalg.norm(beside, axis=1, keepdims=True)
    for points in (inside, inside + beside):
        first = foot(points, points)
        upright = np.linalg.norm(np.asarray(first.normal), axis=1) > 0.5
        found = upright & (np.asarray(first.miss) <= AGREEMENT * gap)
        if np.any(found):
            break
    return first, found


def shape_operator(distance: Distance) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The function of points y (n, d) of the boundary, and which (n,) to keep -> S (m, d, d) = P phi'' P / |grad phi|.

    P projects along the normal. phi'' comes from differences of its gradient: second derivatives of code take longer to
    compile than to use. Compiled anew for another n.
    """
    stride = STRIDE * distance.trusted
    slope = jax.jit(lambda y: value_and_slope(distance.boundary, y)[1])

    def shape(y: np.ndarray, kept: np.ndarray) -> np.ndarray:
        bend = np.empty((np.count_nonzero(kept), y.shape[1], y.shape[1]))
        for axis in range(y.shape[1]):
            ahead, behind = y.copy(), y.copy()
            ahead[:, axis] += stride
            behind[:, axis] -= stride
            change = np.asarray(slope(ahead)) - np.asarray(slope(behind))
            bend[:, axis] = change[kept] / (ahead - behind)[kept, axis, None]
        across = np.asarray(slope(y))[kept]
        size = np.linalg.norm(across, axis=1)
        bend /= size[:, None, None]
        across = across / size[:, None]
        bend -= across[:, :, None] * np.einsum("ni,nij->nj", across, bend)[:, None, :]
        bend -= np.einsum("nij,nj->ni", bend, across)[:, :, None] * across[:, None, :]
        return bend

    return shape


def shapes_at_anchors(distance: Distance) -> np.ndarray:
    """S (m, d, d) there: its trace is Lap t."""
    anchors = np.asarray(distance.anchors)
    return shape_operator(distance)(anchors, np.ones(len(anchors), bool))


def jet_of(distance: Distance, mobility: np.ndarray | float = 1.0) -> Callable[[np.ndarray], Jet]:
    """The function u (n, d) -> Jet, which is compiled anew for another n; Lap_M t is 0 beyond what is trusted.

    The Hessian of a distance is S (1 + t S)^-1, S the shape operator at the foot (Gilbarg and Trudinger 2001, lemma
    14.17).

    Args:
        distance: t.
        mobility: (d,) diagonal of M, 1 where all directions are alike.
    """

    @jax.jit
    def find(x: jax.Array) -> tuple[jax.Array, Foot]:
        foot = distance.foot(x)
        return distance.signed(x, foot), foot

    shape = shape_operator(distance)

    def jet(u: np.ndarray) -> Jet:
        t, (y, normal, _) = jax.tree.map(np.asarray, find(u))
        near = np.abs(t) < distance.trusted
        bend = shape(y, near)
        hessian = np.linalg.solve(np.eye(u.shape[1]) + t[near, None, None] * bend, bend)
        laplacian = np.zeros_like(t)
        laplacian[near] = np.sum(mobility * np.diagonal(hessian, axis1=1, axis2=2), axis=1)
        return Jet(t, normal, laplacian)

    return jet


def _length(vectors: jax.Array) -> jax.Array:
    """(n,) lengths of vectors (n, d)."""
    return jnp.sqrt(jnp.sum(vectors**2, axis=-1) + TINY)
