"""How walkers sample for a solution that is trained: in umbrella windows, in the cells of a string, or as the law has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from mfbench.tasks.committor import CommittorProblem

from . import string, string_sampling, umbrella, unbiased
from .coordinate import Coordinate
from .emus import shares
from .landscape import Places
from .sampler import Walkers
from .string_sampling import StringState
from .umbrella import Umbrella
from .unbiased import Unbiased
from .weighing import Seen

LOGIT_ENDS = (-3.0, 3.0)
"""Of windows in q, whose open outer ones follow the law to where nobody knows: levels are set from q = .007 on."""


class Sampling(NamedTuple):
    """What a loop that trains asks of its walkers; R ladders of L windows or cells.

    States are an `Umbrella`, a `StringState` or `Unbiased`, and have `places`, `seen` and `watch` in common.

    Args:
        begin: (x (R, L, d), ...) -> the state before the first look; cells want the nodes of their string as well.
        look: (parameters of the solution, state, key) -> state, what was seen.
        inverse: (state, walkers) -> (R, L) 1 / c at walkers, 1 or 0 in cells: times `running.weights_of` their weights.
        ends: (state, walkers) -> the logits between which walkers are at all times.
        told: state -> what it says of itself.
    """

    begin: Callable[..., Any]
    look: Callable[[Any, Any, jax.Array], tuple[Any, Seen]]
    inverse: Callable[[Any, Walkers], jax.Array]
    ends: Callable[[Any, Walkers], tuple[Any, Any]]
    told: Callable[[Any], dict[str, jax.Array]]


def in_windows(
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    size: float,
    coordinate: Coordinate,
    moves: int,
    exchanged: bool,
    memory: int,
    heatable: bool = False,
) -> Sampling:
    """Umbrella windows along a coordinate; `size` of the first steps, `heatable` as of `umbrella.umbrella`, the others as of
    `umbrella.looker`."""

    def begin(x: jax.Array) -> Umbrella:
        return umbrella.umbrella(visit(x), size, coordinate, watched=True, heatable=heatable)

    def inverse(state: Umbrella, walkers: Walkers) -> jax.Array:
        return jnp.exp(-shares(umbrella.biases_of(state, walkers, coordinate))[1])

    def ends(state: Umbrella, walkers: Walkers) -> tuple[Any, Any]:
        return (state.placement.low, state.placement.high) if coordinate.in_logit else LOGIT_ENDS

    def told(state: Umbrella) -> dict[str, jax.Array]:
        return {"window_low": state.placement.low, "window_high": state.placement.high}

    look = umbrella.looker(visit, logit, moves, coordinate=coordinate, exchanged=exchanged, memory=memory)
    return Sampling(begin, look, inverse, ends, told)


def in_cells(
    problem: CommittorProblem,
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    size: float,
    moves: int,
    memory: int,
) -> Sampling:
    """Cells of a string; `size` of the first steps, the others as of `string_sampling.looker`."""

    def begin(x: jax.Array, nodes: jax.Array) -> StringState:
        return string_sampling.string_state(visit(x), nodes, size)

    def inverse(state: StringState, walkers: Walkers) -> jax.Array:
        return state.inside

    def told(state: StringState) -> dict[str, jax.Array]:
        return {"string_length": string.length(state.string.nodes), "inside": jnp.mean(state.inside)}

    look = string_sampling.looker(problem, visit, logit, moves, memory)
    return Sampling(begin, look, inverse, string_sampling.reach, told)


def as_they_come(
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    size: float,
    moves: int,
    memory: int,
) -> Sampling:
    """The invariant measure itself; `size` of the first steps, the others as of `unbiased.looker`."""

    def begin(x: jax.Array) -> Unbiased:
        return unbiased.unbiased(visit(x), size)

    def inverse(state: Unbiased, walkers: Walkers) -> jax.Array:
        return jnp.ones_like(walkers.s)

    def told(state: Unbiased) -> dict[str, jax.Array]:
        return {}

    return Sampling(begin, unbiased.looker(visit, logit, moves, memory), inverse, unbiased.reach, told)
