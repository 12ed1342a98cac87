"""Walkers that follow the invariant measure itself, whatever the solution: what importance sampling is held against.

They look at the solution as walkers in windows do, and all weigh the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from . import running, watch
from .landscape import Places
from .sampler import Walkers, gain_at
from .unbiased_moves import mover
from .weighing import Seen, weighed

DTYPE = jnp.float32


class Unbiased(NamedTuple):
    """All that the next look needs; walkers (R, L) as in R ladders of L windows, of which here none knows."""

    look: jax.Array
    places: Places
    sizes: jax.Array
    seen: running.Running
    watch: watch.Watch


def unbiased(places: Places, size: float) -> Unbiased:
    """Before the first look: walkers at places (R, L), all step sizes alike."""
    ladders, number = places.lift.shape
    return Unbiased(
        jnp.zeros((), int),
        places,
        jnp.full(number, size, DTYPE),
        running.nothing(ladders, number),
        watch.nothing(places.energy),
    )


def looker(
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    moves: int,
    memory: int,
) -> Callable[[Any, Unbiased, jax.Array], tuple[Unbiased, Seen]]:
    """The compiled look: (parameters of the solution, state, key) -> state, what was seen.

    Args:
        visit: x -> Places.
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        moves: Langevin steps of every walker.
        memory: looks over which energies are averaged at first.
    """
    moved = mover(visit)

    @jax.jit
    def look(params: Any, state: Unbiased, key: jax.Array) -> tuple[Unbiased, Seen]:
        begun = state.places, state.sizes, state.watch
        places, sizes, noticed = moved(begun, state.look + 1, key, moves, gain_at(state.look, DTYPE))
        walkers = logit(params, places)
        ladders, number = walkers.s.shape
        alike = jnp.full((ladders, number, number), 1.0 / number, walkers.s.dtype)
        seen, found = weighed(state.seen, walkers, alike, jnp.ones_like(walkers.s), state.look, memory)
        return Unbiased(state.look + 1, walkers.places, sizes, seen, noticed), found

    return look


def reach(state: Unbiased, walkers: Walkers) -> tuple[jax.Array, jax.Array]:
    """Least and largest logit of the walkers (R, L) that are outside A and B."""
    free = walkers.places.free
    return jnp.min(jnp.where(free, walkers.s, jnp.inf)), jnp.max(jnp.where(free, walkers.s, -jnp.inf))
