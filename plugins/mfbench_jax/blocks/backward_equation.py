"""The backward Kolmogorov equation of a committor written by its logit, and its derivative by a network's parameters.

With f = sigmoid(z), times beta / (f (1 - f)), the equation (1 / beta) Lap f = (grad V - c) . grad f reads

    r = Lap z + (1 - 2 f) |grad z|^2 - F . grad z = 0,    F = beta (grad V - c),

with c a circulation or none, of order one wherever f is, however small. It vanishes point by point at the answer, so
that the points may follow any law. z = g + lift, and only g depends on the parameters: the lift is looked up once for
each point. The derivative of r by g is the operator Lap + v . grad - k with

    v = 2 (1 - 2 f) grad z - F,    k = 2 f (1 - f) |grad z|^2.

Written in numpy, with the Jacobian that second-order steps need; `collocation` has the same equation in jax, for methods
that follow a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from . import tanh_network
from .distance_lift import DistanceLift, lift_jet
from .tanh_network import Inputs, TanhNetwork


class Points(NamedTuple):
    """Points outside A and B with all that the equation needs there, in one unit of length.

    Args:
        u: (n, d).
        inputs: of the network.
        force: (n, d) F.
        lift, lift_slope, lift_laplacian: (n,), (n, d), (n,).
    """

    u: np.ndarray
    inputs: Inputs
    force: np.ndarray
    lift: np.ndarray
    lift_slope: np.ndarray
    lift_laplacian: np.ndarray


class Residual(NamedTuple):
    """z (n,), r (n,), the size (n,) of what has to cancel in it, |(1 - 2 f) grad z|^2| + |F . grad z|, and the coefficients
    v (n, d) and k (n,) of the derivative of r."""

    logit: np.ndarray
    r: np.ndarray
    size: np.ndarray
    v: np.ndarray
    k: np.ndarray


def surveyor(
    force: Callable[[jax.Array], jax.Array],
    lift: DistanceLift,
    inputs: Callable[[np.ndarray], Inputs] = Inputs,
) -> Callable[[np.ndarray], Points]:
    """The compiled function u (n, d) -> Points; compiled anew for another n.

    Args:
        force: F, (n, d) -> (n, d).
        lift: of the logit.
        inputs: of the network, u (n, d) -> Inputs.
    """
    compiled, height = jax.jit(force), lift_jet(lift)

    def survey(u: np.ndarray) -> Points:
        return Points(u, inputs(u), np.asarray(compiled(u)), *height(u))

    return survey


def residual(net: TanhNetwork, points: Points) -> Residual:
    """The equation's residual at the points."""
    g = tanh_network.jet(net, points.inputs)
    logit, slope = g.value + points.lift, g.gradient + points.lift_slope
    balance = -np.tanh(0.5 * logit)  # 1 - 2 f
    square = np.sum(slope**2, axis=1)
    fall = np.sum(points.force * slope, axis=1)
    r = g.laplacian + points.lift_laplacian + balance * square - fall
    v = 2.0 * balance[:, None] * slope - points.force
    return Residual(logit, r, np.abs(balance * square) + np.abs(fall), v, 0.5 * (1.0 - balance**2) * square)


def log_spread(logit: np.ndarray) -> np.ndarray:
    """log(4 f (1 - f)), (n,): 0 at f = 1/2."""
    spread: np.ndarray = np.log(4.0) - np.logaddexp(0.0, logit) - np.logaddexp(0.0, -logit)
    return spread
