"""What walkers see in windows that stand along a solution, the guide."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import levels, umbrella, watch
from .ansatz import Ansatz
from .emus import shares
from .landscape import Places, survey, value_and_slope
from .lift import Lift
from .ritz import energy_density
from .sampler import Walkers
from .umbrella import Umbrella

LOOKS, PAUSE = 16, 8
"""Looks of a round whose places are kept, each the last of so many."""


class Round(NamedTuple):
    """What walkers saw in a round of n looks.

    Args:
        places: (n, R, L).
        inverse: (n, R, L) 1 / c there.
        within: (n, R, L) the guide's energy within the slab.
    """

    places: Places
    inverse: jax.Array
    within: jax.Array


def guided_looks(
    problem: CommittorProblem, lift: Lift, model: Ansatz, moves: int
) -> Callable[[Any, Umbrella, jax.Array], tuple[Umbrella, jax.Array, Round]]:
    """The compiled round: (guide, walkers, key) -> walkers, key, what they saw at LOOKS looks."""
    look = umbrella.looker(
        survey(problem, lift), model.walkers, moves, memory=umbrella.ALL, escaped=watch.counter(problem.box)
    )

    @jax.jit
    def gathered(guide: Any, state: Umbrella, key: jax.Array) -> tuple[Umbrella, jax.Array, Round]:
        def on(state: Umbrella, key: jax.Array) -> tuple[Umbrella, Walkers]:
            state, seen = look(guide, state, key)
            return state, seen.walkers

        def kept(state: Umbrella, keys: jax.Array) -> tuple[Umbrella, Round]:
            state, passed = jax.lax.scan(on, state, keys)
            walkers = jax.tree.map(lambda part: part[-1], passed)
            inverse = jnp.exp(-shares(umbrella.biases_of(state, walkers))[1])
            within = within_slab(walkers.s, walkers.s_slope, walkers.places.free)
            return state, Round(walkers.places, inverse, within)

        key, own = jax.random.split(key)
        state, newest = jax.lax.scan(kept, state, jax.random.split(own, (LOOKS, PAUSE)))
        return state, key, newest

    return gathered


def within_at(model: Ansatz, guide: Any) -> Callable[[np.ndarray], jax.Array]:
    """The compiled function of places outside A and B, x (n, d) -> the guide's energy within the slab (n,)."""

    @jax.jit
    def at(x: jax.Array) -> jax.Array:
        return within_slab(*value_and_slope(partial(model.logit, guide), x), True)

    return at


def within_slab(logit: jax.Array, logit_slope: jax.Array, free: jax.Array | bool) -> jax.Array:
    """The density of the energy between the levels of the slab, 0 elsewhere."""
    return energy_density(logit, logit_slope, free & (jnp.abs(logit) < levels.SLAB_END))
