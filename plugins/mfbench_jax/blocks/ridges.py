"""A linear basis of ridge functions tanh(w . x + b) that vanish on A and on B."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .ansatz import Scale
from .lift import depth_in, lift_of, log_rise

STEEPEST = 8.0
"""Slopes |w| lie between 1 / 2 and this, in units of 1 / length, evenly in their logarithm."""


class Ridges(NamedTuple):
    """w (d, m) and b (m,) of scaled inputs."""

    w: np.ndarray
    b: np.ndarray


def draw(
    places: np.ndarray, scale: Scale, metric: np.ndarray, number: int, rng: np.random.Generator
) -> Ridges:
    """Random ridges whose steepest part passes through places.

    Args:
        places: (n, d) where the basis is to resolve.
        scale: centre and unit of the inputs.
        metric: (d, d) covariance of the directions; the identity treats all alike, the mean of grad q grad q'
            prefers those along which q varies (Aristoff, Johnson, Simpson, Webber, J. Chem. Phys. 161
            (2024) 084113).
        number: m.
        rng: of the draw.
    """
    values, axes = np.linalg.eigh(metric)
    directions = axes @ (
        np.sqrt(np.maximum(values, 0.0))[:, None] * rng.standard_normal((len(values), number))
    )
    directions /= np.linalg.norm(directions, axis=0) + 1e-300
    w = directions * np.exp(rng.uniform(np.log(0.5), np.log(STEEPEST), number))
    through = (places[rng.integers(len(places), size=number)] - scale.centre) / scale.length
    return Ridges(w, -np.sum(through.T * w, axis=0))


def make_basis(
    problem: CommittorProblem, scale: Scale, depth: float
) -> tuple[Callable[[jax.Array], jax.Array], Callable[[Ridges, jax.Array], jax.Array]]:
    """The guess x -> (n,), right on A and B, and the basis (Ridges, x) -> (n, m + 1), 0 there.

    With a, b the boundary functions in the lift's units, r = a / (a + depth), s = b / (b + depth), the guess is
    r / (r + s) and every basis function carries the factor r s.
    """
    unit_a = float(np.mean(np.asarray(problem.boundary_a(problem.start_b))))
    unit_b = float(np.mean(np.asarray(problem.boundary_b(problem.start_a))))
    lift, depth = lift_of(problem, depth), depth_in(problem.dim, depth)

    def outside(x: jax.Array) -> jax.Array:
        return ~(problem.in_a(x) | problem.in_b(x))

    def guess(x: jax.Array) -> jax.Array:
        return jnp.where(outside(x), jax.nn.sigmoid(lift(x)), problem.in_b(x).astype(x.dtype))

    def basis(ridges: Ridges, x: jax.Array) -> jax.Array:
        rises = log_rise(problem.boundary_a(x) / unit_a, depth) + log_rise(
            problem.boundary_b(x) / unit_b, depth
        )
        factor = jnp.where(outside(x), jnp.exp(jnp.minimum(rises, 0.0)), 0.0)
        scaled = (x - jnp.asarray(scale.centre, x.dtype)) / scale.length
        waves = jnp.tanh(scaled @ jnp.asarray(ridges.w, x.dtype) + jnp.asarray(ridges.b, x.dtype))
        return factor[:, None] * jnp.concatenate([jnp.ones((len(x), 1), x.dtype), waves], axis=1)

    return guess, basis
