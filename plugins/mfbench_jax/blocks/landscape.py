"""What a walker must know of the problem at its place, evaluated once per place and carried along."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mfbench.tasks.committor import CommittorProblem

from .lift import Lift


class Places(NamedTuple):
    """Walkers' places and the problem's fields there; leading axes are the caller's.

    Args:
        x: (..., d).
        energy: (...) beta V.
        energy_slope: (..., d) beta grad V.
        lift: (...) the part of the logit that no network learns.
        lift_slope: (..., d) its gradient.
        free: (...) booleans, True outside A and B.
    """

    x: jax.Array
    energy: jax.Array
    energy_slope: jax.Array
    lift: jax.Array
    lift_slope: jax.Array
    free: jax.Array


def value_and_slope(field: Callable[[jax.Array], jax.Array], x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """field(x) and its gradient by rows; x (n, d), field (n, d) -> (n,) row by row."""
    value, pull = jax.vjp(field, x)
    return value, pull(jnp.ones_like(value))[0]


def survey(problem: CommittorProblem, lift: Lift) -> Callable[[jax.Array], Places]:
    """A function that visits places x (..., d): one evaluation of V and grad V each."""

    def visit(x: jax.Array) -> Places:
        rows = x.reshape(-1, x.shape[-1])
        energy, energy_slope = value_and_slope(lambda y: problem.beta * problem.potential(y), rows)
        height, height_slope = value_and_slope(lift, rows)
        free = ~(problem.in_a(rows) | problem.in_b(rows))
        found = Places(rows, energy, energy_slope, height, height_slope, free)
        return Places(*(part.reshape(x.shape[:-1] + part.shape[1:]) for part in found))

    return visit
