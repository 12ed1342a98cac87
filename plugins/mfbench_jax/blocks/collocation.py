"""Points at which the backward Kolmogorov equation is asked for, and its residual there.

With f = sigmoid(z) and the drift b = -M grad V + c, c a circulation or none and M the mobility, diagonal,
(1 / beta) Lap_M f + b . grad f = 0 with Lap_M f = div(M grad f) and |v|_M^2 = v . M v reads,
divided by f (1 - f) / beta,

    r = Lap_M z + (1 - 2 f) |grad z|_M^2 + beta b . grad z = 0,

of order one wherever f is, however small. z = g + lift, and only g is learned: whatever else r needs is looked
up once for each point.

`backward_equation` has the same residual for Gauss-Newton steps. They are two because what is done with them differs:
here descent differentiates r by the parameters of any network, so that it is code for jax in single precision; there the
derivative of r is an operator with coefficients of its own, applied row by row to a network with closed forms, in numpy
and double precision, where M is 1.
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


def surveyor(problem: CommittorProblem, height: Callable[[np.ndarray], Jet]) -> Callable[[Places], Points]:
    """Places (n,) -> the points there, compiled anew for another n; height (n, d) -> the lift's Jet, with Lap_M."""
    mobility = mobility_of(problem)

    @jax.jit
    def gathered(places: Places, lift: Jet) -> Points:
        drift = -mobility * places.energy_slope
        if problem.circulation is not None:
            drift = drift + problem.beta * problem.circulation(places.x)
        fields = [drift, *lift]
        usable = places.free
        for field in fields:
            usable &= jnp.all(jnp.isfinite(field.reshape(len(usable), -1)), axis=1)
        kept = [
            jnp.where(usable.reshape(-1, *[1] * (f.ndim - 1)), f, 0.0).astype(places.x.dtype) for f in fields
        ]
        return Points(places.x, *kept, usable)

    def survey(places: Places) -> Points:
        return gathered(places, height(np.asarray(places.x, np.float64)))

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
