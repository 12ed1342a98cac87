"""Points at which the backward Kolmogorov equation is asked for, and its residual there.

With f = sigmoid(z) and the drift b = -M grad V + c, c a circulation or none and M the mobility, diagonal,
(1 / beta) Lap_M f + b . grad f = 0 with Lap_M f = div(M grad f) and |v|_M^2 = v . M v reads,
divided by f (1 - f) / beta,

    r = Lap_M z + (1 - 2 f) |grad z|_M^2 + beta b . grad z = 0,

of order one wherever f is, however small. z = g + lift, and only g is learned: whatever else r needs is looked
up once for each point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .drift import mobility_of
from .jet import Jet
from .landscape import Places
from .lift import Lift

STRIDE = 3e-4
"""Of the differences that give the lift's Laplacian, as a share of the distance to its singularity: their error is of
order STRIDE^2 = 1e-7, rounding's below, and second derivatives of code take longer to compile than to use."""


class Points(NamedTuple):
    """Points with all that the equation needs there.

    Args:
        x: (n, d).
        drift: (n, d) beta b.
        lift, lift_slope, lift_laplacian: (n,), (n, d), (n,), the last one Lap_M of the lift.
        usable: (n,) whether a point lies outside A and B, with finite fields; where not, they are 0.
    """

    x: jax.Array
    drift: jax.Array
    lift: jax.Array
    lift_slope: jax.Array
    lift_laplacian: jax.Array
    usable: jax.Array


def no_points(number: int, dim: int) -> Points:
    """So many that are not usable."""
    thin, wide = jnp.zeros(number, jnp.float32), jnp.zeros((number, dim), jnp.float32)
    return Points(wide, wide, thin, wide, thin, jnp.zeros(number, bool))


def surveyor(
    problem: CommittorProblem, lift: Lift, clearance: Callable[[jax.Array], jax.Array]
) -> Callable[[Places], Points]:
    """Places (n,) -> the points there; clearance (n, d) -> (n,) is the length on which the lift changes its shape."""

    mobility = mobility_of(problem)
    both_ways = np.tile(mobility, 2)[:, None]

    def survey(places: Places) -> Points:
        drift = -mobility * places.energy_slope
        if problem.circulation is not None:
            drift = drift + problem.beta * problem.circulation(places.x)
        x = places.x.astype(jnp.float64)
        stride = STRIDE * clearance(x)

        def beside(direction: jax.Array) -> jax.Array:
            return lift(x + stride[:, None] * direction)

        # One direction after the other: compiled once, where unrolled it would be 2 d + 1 times.
        axes = jnp.eye(problem.dim)
        values = jax.lax.map(beside, jnp.concatenate([axes, -axes, jnp.zeros((1, problem.dim))]))
        laplacian = jnp.sum(both_ways * (values[:-1] - values[-1]), axis=0) / stride**2
        fields = [drift, places.lift, places.lift_slope, laplacian]
        usable = places.free
        for field in fields:
            usable &= jnp.all(jnp.isfinite(field.reshape(len(x), -1)), axis=1)
        kept = [
            jnp.where(usable.reshape(-1, *[1] * (f.ndim - 1)), f, 0.0).astype(places.x.dtype) for f in fields
        ]
        return Points(places.x, *kept, usable)

    return survey


class Residual(NamedTuple):
    """z (n,), |grad z|^2 (n,) and r (n,)."""

    logit: jax.Array
    square: jax.Array
    r: jax.Array


def residual(g: Jet, points: Points, mobility: np.ndarray) -> Residual:
    """The equation's residual, for the learned part g with grad g and Lap_M g at the points, and mobility (d,)."""
    logit, slope = g.value + points.lift, g.gradient + points.lift_slope
    square = jnp.sum(slope**2, axis=1)
    own_square = jnp.sum(mobility * slope**2, axis=1)
    balance = -jnp.tanh(0.5 * logit)  # 1 - 2 f
    r = g.laplacian + points.lift_laplacian + balance * own_square + jnp.sum(points.drift * slope, axis=1)
    return Residual(logit, square, r)
