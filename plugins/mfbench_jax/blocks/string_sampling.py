"""Walkers in the cells of a string that follows them: one look after the other.

Each look moves every walker a few steps in its cell (`cells`), adds the chances of the crossings that were tried to the
running means, and moves the string after the walkers (`string`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import cells, running, string, watch
from .landscape import Places
from .sampler import ACCEPTANCE, Walkers, gain_at
from .weighing import Seen, weighed

DTYPE = jnp.float32


class StringState(NamedTuple):
    """All that the next look needs; R ladders, L cells. `inside` (R, L): 1 for walkers in their cells, else 0."""

    look: jax.Array
    places: Places
    sizes: jax.Array
    string: string.String
    seen: running.Running
    watch: watch.Watch
    inside: jax.Array


def string_state(places: Places, nodes: jax.Array, size: float) -> StringState:
    """Before the first look: walkers at places (R, L), nodes (L, d), all step sizes alike."""
    ladders, number = places.lift.shape
    return StringState(
        jnp.zeros((), int),
        places,
        jnp.full(number, size, DTYPE),
        string.String(nodes, places.x),
        running.nothing(ladders, number),
        watch.nothing(places.energy),
        jnp.zeros((ladders, number), DTYPE),
    )


def departure(
    problem: CommittorProblem, number: int, ladders: int, between: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Where walkers of cells start, float32 (R, L, d), and the straight string's nodes (L, d).

    Args:
        problem: gives the sets and start points.
        number: of cells, L.
        ladders: R.
        between: (m, d) places outside A and B.
        rng: of the choice among them.
    """
    nodes = string.straight(problem, number)
    return np.asarray(cells.places_in(problem, nodes, between, ladders, rng), DTYPE), nodes


def looker(
    problem: CommittorProblem,
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    moves: int,
    memory: int,
) -> Callable[[Any, StringState, jax.Array], tuple[StringState, Seen]]:
    """The compiled look: (parameters of the solution, state, key) -> state, what was seen.

    Args:
        problem: gives the sets.
        visit: x -> Places.
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        moves: steps of every walker.
        memory: looks over which masses and the string are averaged at first.
    """
    move = cells.mover(problem, visit, moves, ACCEPTANCE)
    sets = string.sets_of(problem)

    @jax.jit
    def look(params: Any, state: StringState, key: jax.Array) -> tuple[StringState, Seen]:
        gain = gain_at(state.look, DTYPE)
        step = state.look + 1
        found = move(key, state.string.nodes, state.places, state.sizes, gain, state.watch, step)
        places = found.walkers.places
        stand = string.moved(state.string, places.x, found.inverse > 0, state.look, memory, sets)
        walkers = logit(params, places)
        seen, weights = weighed(state.seen, walkers, found.shares, found.inverse, state.look, memory)
        return StringState(step, places, found.sizes, stand, seen, found.watch, found.inverse), weights

    return look


def reach(state: StringState, walkers: Walkers) -> tuple[jax.Array, jax.Array]:
    """Least and largest mean logit of a cell's walkers (R, L), of those that are outside A and B and in their cells."""
    counted = state.inside * walkers.places.free
    number = jnp.sum(counted, axis=0)
    means = jnp.sum(counted * walkers.s, axis=0) / jnp.maximum(number, 1.0)
    least = jnp.min(jnp.where(number > 0, means, jnp.inf))
    return least, jnp.max(jnp.where(number > 0, means, -jnp.inf))
