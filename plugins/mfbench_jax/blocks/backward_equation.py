"""The backward Kolmogorov equation of a committor written by its logit, and its derivative by a network's parameters.

With f = sigmoid(z), times 1 / (f (1 - f)), the equation (1 / beta) Lap f = grad V . grad f reads

    r = Lap z + (1 - 2 f) |grad z|^2 - beta grad V . grad z = 0,

of order one wherever f is, however small. It vanishes point by point at the answer, so that the points may
follow any law. z = g + lift, and only g depends on the parameters: the lift is looked up once for each point.
The derivative of r by g is the operator Lap + v . grad - k with

    v = 2 (1 - 2 f) grad z - beta grad V,    k = 2 f (1 - f) |grad z|^2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from . import tanh_network
from .distance_lift import DistanceLift, lift_jet
from .landscape import value_and_slope
from .tanh_network import TanhNetwork

CUT = 4.0
"""Logit beyond which an energy is not counted: 1.8 % of f at either end."""


class Points(NamedTuple):
    """Points outside A and B with all that the equation needs there, in one unit of length.

    Args:
        u: (n, d).
        force: (n, d) beta grad V.
        lift, lift_slope, lift_laplacian: (n,), (n, d), (n,).
        weight: (n,) under mu, when they were drawn.
    """

    u: np.ndarray
    force: np.ndarray
    lift: np.ndarray
    lift_slope: np.ndarray
    lift_laplacian: np.ndarray
    weight: np.ndarray


class Residual(NamedTuple):
    """z (n,), r (n,), and the coefficients v (n, d) and k (n,) of the derivative of r."""

    logit: np.ndarray
    r: np.ndarray
    v: np.ndarray
    k: np.ndarray


def surveyor(
    energy: Callable[[jax.Array], jax.Array], lift: DistanceLift
) -> Callable[[np.ndarray, np.ndarray], Points]:
    """The compiled function (u (n, d), weight (n,)) -> Points; compiled anew for another n.

    Args:
        energy: beta V, (n, d) -> (n,).
        lift: of the logit.
    """
    force, height = jax.jit(lambda u: value_and_slope(energy, u)[1]), lift_jet(lift)

    def survey(u: np.ndarray, weight: np.ndarray) -> Points:
        return Points(u, np.asarray(force(u)), *height(u), weight)

    return survey


def residual(net: TanhNetwork, points: Points) -> Residual:
    """The equation's residual at the points."""
    g = tanh_network.jet(net, points.u)
    logit, slope = g.value + points.lift, g.gradient + points.lift_slope
    balance = -np.tanh(0.5 * logit)  # 1 - 2 f
    square = np.sum(slope**2, axis=1)
    r = g.laplacian + points.lift_laplacian + balance * square - np.sum(points.force * slope, axis=1)
    v = 2.0 * balance[:, None] * slope - points.force
    return Residual(logit, r, v, 0.5 * (1.0 - balance**2) * square)


def log_spread(logit: np.ndarray) -> np.ndarray:
    """log(4 f (1 - f)), (n,): 0 at f = 1/2."""
    spread: np.ndarray = np.log(4.0) - np.logaddexp(0.0, logit) - np.logaddexp(0.0, -logit)
    return spread


def ritz_energy(net: TanhNetwork, points: Points) -> float:
    """Mean over mu of |grad f|^2 where |z| < CUT: the points weighted as they were when drawn.

    f cut off at two of its levels and stretched to 0 ... 1 is admissible too, so that up to a factor this bounds the
    rate from above as well, and spurious gradients in the basins, which hold nearly all of mu, do not enter.
    """
    found = residual(net, points)
    density = np.where(np.abs(found.logit) < CUT, found.k * np.exp(log_spread(found.logit)), 0.0)
    return float(np.mean(points.weight * density) / 8.0)
