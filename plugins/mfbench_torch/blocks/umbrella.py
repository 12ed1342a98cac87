"""Walkers in umbrella windows along a solution that changes: one look after the other.

Each look moves every walker a few Metropolis-adjusted Langevin steps, exchanges neighbours, adds what was seen to
the running overlaps, and moves the windows after the walkers. See `sampler`, `windows`, `placement`, `weighing`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch

from . import placement, running, watch
from .coordinate import Coordinate
from .emus import shares
from .landscape import Places
from .sampler import ACCEPTANCE, Look, Walkers, adapt, attempt, exchange, gain_at
from .weighing import Seen, weighed
from .windows import bias, bias_slope

DTYPE = torch.float32


class Umbrella(NamedTuple):
    """All that the next look needs; R ladders, L windows.

    `since`: looks that the running overlaps hold. `watch`: what was noticed at the places that walkers tried. `heat`:
    temperature of the walkers over the problem's.
    """

    look: int
    since: int
    places: Places
    sizes: torch.Tensor
    placement: placement.Placement
    seen: running.Running
    watch: watch.Watch
    heat: float = 1.0


def umbrella(places: Places, size: float, coordinate: Coordinate) -> Umbrella:
    """Before the first look: walkers at places (R, L), all step sizes alike."""
    (ladders, windows), device = places.lift.shape, places.lift.device
    return Umbrella(
        0,
        0,
        places,
        torch.full((windows,), size, dtype=DTYPE, device=device),
        placement.start(windows, coordinate.in_logit, device),
        running.nothing(ladders, windows, device),
        watch.nothing(places),
    )


def heated(state: Umbrella, heat: float) -> Umbrella:
    """The same walkers at a temperature; when they have cooled to the problem's, the next look counts as the first."""
    cooled = heat == 1.0 < state.heat
    return state._replace(heat=heat, since=0 if cooled else state.since)


def looker(
    generator: torch.Generator,
    visit: Callable[[torch.Tensor], Places],
    logit: Callable[[Any, Places], Walkers],
    moves: int,
    coordinate: Coordinate,
    exchanged: bool,
    memory: int,
) -> Callable[[Any, Umbrella], tuple[Umbrella, Seen]]:
    """The look: (parameters of the solution, umbrella) -> umbrella, what was seen.

    Args:
        generator: of the noise.
        visit: x -> Places.
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        moves: Langevin steps of every walker.
        coordinate: that windows stand along; those along f itself stay where they are.
        exchanged: neighbours exchange walkers.
        memory: looks over which overlaps are averaged at first.
    """

    def look(params: Any, state: Umbrella) -> tuple[Umbrella, Seen]:
        here = placement.windows_of(state.placement, DTYPE)
        gain = gain_at(state.look)
        glance: Look = partial(logit, params)

        def own_bias(logit: torch.Tensor) -> torch.Tensor:
            return bias(here, coordinate.of(logit))

        def own_slope(logit: torch.Tensor) -> torch.Tensor:
            return bias_slope(here, coordinate.of(logit)) * coordinate.slope(logit)

        walkers, sizes, noticed = glance(state.places), state.sizes, state.watch
        for _ in range(moves):
            walkers, accepted, tried = attempt(
                generator, walkers, sizes, own_bias, own_slope, visit, glance, state.heat
            )
            noticed = watch.tried(noticed, state.look + 1, tried)
            sizes = adapt(sizes, accepted, ACCEPTANCE, gain)
        if exchanged:
            walkers = exchange(generator, walkers, own_bias, state.look % 2)

        biases = biases_of(state, walkers, coordinate)
        phi_share, log_total = shares(biases)
        seen, found = weighed(state.seen, walkers, phi_share, torch.exp(-log_total), state.since, memory)
        stand = state.placement
        if coordinate.in_logit:
            stand = placement.moved(stand, walkers, biases, placement.settling(state.since))
        state = Umbrella(
            state.look + 1, state.since + 1, walkers.places, sizes, stand, seen, noticed, state.heat
        )
        return state, found

    return look


def biases_of(state: Umbrella, walkers: Walkers, coordinate: Coordinate) -> torch.Tensor:
    """(R, L, L) of each walker (R, L) in every window as they stand."""
    return bias(placement.windows_of(state.placement, DTYPE), coordinate.of(walkers.s)[..., None])
