"""Boundary values that are learned: a penalty on f where it should be 0 or 1, beside the Ritz energy.

Its weight must be large against the energy beta nu, which nobody knows beforehand. In units of the running energy it follows
it, but then the constants win: the slope is that of log E + p v, which has no lower bound where f is flat. So the unit
here is E / c^2, the energy of f stretched to contrast c = 1 between A and B: the weight is p / c^2 in units of E. With
f = a on A and 1 - a on B, c = 1 - 2a and v = 2 a^2, c^2 + p v is convex and least at a = 1 / (2 + p), at any rarity and
from any start.

A lift that holds the values does so whatever is learned beside it, but where that is large next to A, f rises within a
layer that walkers hardly see. Where the lift is rough, that lowers the energy at once: f is nearly constant, masses of
windows within the layer are wrong, and the way back is long or there is none. So the same penalty asks of what is learned
at walkers inside the sets, f = sigmoid(g - HIGHEST) in A: without effect unless f were 1/2 at about a thousandth of the
way from A to B.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from .ritz import mean_where, violation
from .sampler import Walkers

LEAST = 0.1
"""Contrast below which the weight grows no more."""
HIGHEST = 5.0
"""Of what is learned next to A, and as much below 0 next to B; there the lift is of this size at a thousandth of the way."""

Seen = tuple[jax.Array, jax.Array, jax.Array]
Look = Callable[[Any, Walkers], Seen]


def at_sets(problem: CommittorProblem, logit: Callable[[Any, jax.Array], jax.Array]) -> Look:
    """(params, Walkers) -> logits (n,) at the start points and at the walkers, and which are in A, which in B."""
    starts = np.concatenate([problem.start_a, problem.start_b])

    def look(params: Any, walkers: Walkers) -> Seen:
        places = walkers.places
        x = jnp.concatenate([jnp.asarray(starts, places.x.dtype), places.x.reshape(-1, problem.dim)])
        return logit(params, x), problem.in_a(x), problem.in_b(x)

    return look


def at_walkers(_: Any, walkers: Walkers) -> Seen:
    """What is learned at the walkers (n,), less HIGHEST in A and more by it elsewhere, and which are in A, which in B, by
    the sign of the lift."""
    inside, lift = jnp.ravel(~walkers.places.free), jnp.ravel(walkers.places.lift)
    learned, in_a = jnp.ravel(walkers.s) - lift, lift < 0
    return learned + jnp.where(in_a, -HIGHEST, HIGHEST), inside & in_a, inside & (lift > 0)


def make_penalty(look: Look, strength: float) -> Callable[..., jax.Array]:
    """(params, Walkers, whatever lesson) -> the penalty in units of the energy; `look` as of `at_sets` or `at_walkers`."""

    def loss(params: Any, walkers: Walkers, _: Any = None) -> jax.Array:
        logit, in_a, in_b = look(params, walkers)
        f = jax.nn.sigmoid(jax.lax.stop_gradient(logit))
        contrast = jnp.maximum(mean_where(in_b, f) - mean_where(in_a, f), LEAST)
        return strength / contrast**2 * violation(logit, in_a, in_b)

    return loss
