"""Boundary values that are learned: a penalty on f where it should be 0 or 1, beside the Ritz energy.

Its weight must be large against the energy beta nu, which nobody knows beforehand. In units of the running energy it follows
it, but then the constants win: the slope is that of log E + p v, which has no lower bound where f is flat. So the unit
here is E / c^2, the energy of f stretched to contrast c = 1 between A and B: the weight is p / c^2 in units of E. With
f = a on A and 1 - a on B, c = 1 - 2a and v = 2 a^2, c^2 + p v is convex and least at a = 1 / (2 + p), at any rarity and
from any start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .landscape import Places
from .ritz import mean_where, violation

LEAST = 0.1
"""Contrast below which the weight grows no more."""

Seen = tuple[jax.Array, jax.Array, jax.Array]
Look = Callable[[Any, Places], Seen]


def at_sets(problem: CommittorProblem, logit: Callable[[Any, jax.Array], jax.Array]) -> Look:
    """(params, Places) -> logits (n,) at the start points and at the walkers, and which are in A, which in B."""
    starts = np.concatenate([problem.start_a, problem.start_b])

    def look(params: Any, places: Places) -> Seen:
        x = jnp.concatenate([jnp.asarray(starts, places.x.dtype), places.x.reshape(-1, problem.dim)])
        return logit(params, x), problem.in_a(x), problem.in_b(x)

    return look


def make_penalty(look: Look, strength: float) -> Callable[..., jax.Array]:
    """(params, Places, whatever lesson) -> the penalty in units of the energy; `look` as of `at_sets`."""

    def loss(params: Any, places: Places, _: Any = None) -> jax.Array:
        logit, in_a, in_b = look(params, places)
        f = jax.nn.sigmoid(jax.lax.stop_gradient(logit))
        contrast = jnp.maximum(mean_where(in_b, f) - mean_where(in_a, f), LEAST)
        return strength / contrast**2 * violation(logit, in_a, in_b)

    return loss
