"""Moves of walkers that no window holds: Metropolis-adjusted Langevin steps in V alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from . import watch
from .landscape import Places
from .sampler import ACCEPTANCE, Walkers, adapt, attempt

Moved = tuple[Places, jax.Array, watch.Watch]
"""Where walkers are, the step sizes, and what was noticed."""


def mover(visit: Callable[[jax.Array], Places], heat: float = 1.0) -> Callable[..., Moved]:
    """A function (Moved, step, key, moves, gain) -> Moved of walkers (R, L) with step sizes (L,).

    `heat` is their temperature over the problem's, `step` the number under which something is noticed, `moves` how many
    there are, `gain` how fast sizes adapt.
    """

    def look(places: Places) -> Walkers:
        return Walkers(places, jnp.zeros_like(places.lift), jnp.zeros_like(places.x))

    def moved(begun: Moved, step: jax.Array | int, key: jax.Array, moves: int, gain: jax.Array) -> Moved:
        def move(carry: Any, key: jax.Array) -> tuple[Any, None]:
            walkers, sizes, noticed = carry
            walkers, accepted, tried = attempt(
                key, walkers, sizes, jnp.zeros_like, jnp.zeros_like, visit, look, heat
            )
            noticed = watch.tried(noticed, step, tried.energy)
            return (walkers, adapt(sizes, accepted, ACCEPTANCE, gain), noticed), None

        places, sizes, noticed = begun
        start = look(places), sizes, noticed
        (walkers, sizes, noticed), _ = jax.lax.scan(move, start, jax.random.split(key, moves))
        return walkers.places, sizes, noticed

    return moved
