"""Walkers in umbrella windows along a solution that changes: one look after the other.

Each look moves every walker a few Metropolis-adjusted Langevin steps, exchanges neighbours, adds what was seen to
the running overlaps, and moves the windows after the walkers. See `sampler`, `windows`, `placement`, `weighing`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from . import placement, running, watch
from .coordinate import LOGIT, Coordinate
from .emus import effective_share, shares
from .flux_chain import flux_of, rate_of
from .landscape import Places
from .sampler import ACCEPTANCE, Look, Walkers, adapt, attempt, exchange, gain_at
from .weighing import Seen, weighed
from .windows import bias, bias_slope

MEMORY = 50
"""Looks over which overlaps are averaged at first; a tenth of the run later on."""
ALL = 10**9
"""A memory of all looks since means began."""
DTYPE = jnp.float32

_rates = jax.jit(running.rates)


class Umbrella(NamedTuple):
    """All that the next look needs; R ladders, L windows.

    `since`: looks that the running overlaps hold. `still`: windows and step sizes stay as they are. `watch`: what was
    noticed at the places that walkers tried, None where nobody watches. `flux`: means (R, L) of `flux_chain.flux_of` for
    rates along an accurate logit, None where nobody asks for them. `heat`: temperature of the walkers over the problem's,
    None where it is the problem's for good.
    """

    look: jax.Array
    since: jax.Array
    still: jax.Array
    places: Places
    sizes: jax.Array
    placement: placement.Placement
    seen: running.Running
    watch: watch.Watch | None = None
    flux: jax.Array | None = None
    heat: jax.Array | None = None


def umbrella(
    places: Places,
    size: float,
    coordinate: Coordinate = LOGIT,
    watched: bool = False,
    fluxes: bool = False,
    heatable: bool = False,
) -> Umbrella:
    """Before the first look: walkers at places (R, L), all step sizes alike."""
    ladders, windows = places.lift.shape
    return Umbrella(
        jnp.zeros((), int),
        jnp.zeros((), int),
        jnp.zeros((), bool),
        places,
        jnp.full(windows, size, DTYPE),
        placement.start(windows, coordinate.in_logit),
        running.nothing(ladders, windows),
        watch.nothing(places.energy) if watched else None,
        jnp.zeros((ladders, windows)) if fluxes else None,
        jnp.ones((), DTYPE) if heatable else None,
    )


def forgotten(state: Umbrella) -> Umbrella:
    """The same walkers and windows, which move; the next look counts as the first."""
    return state._replace(since=jnp.zeros((), int), still=jnp.zeros((), bool))


def heated(state: Umbrella, heat: float) -> Umbrella:
    """The same walkers, `heatable`, at a temperature; when they have cooled to the problem's, the next look is the first."""
    now = jnp.asarray(heat, DTYPE)  # in whose precision they cool: a little more than 1 may be 1
    cooled = float(now) == 1.0 < float(state.heat)
    state = state._replace(heat=now)
    return forgotten(state) if cooled else state


def stilled(state: Umbrella) -> Umbrella:
    """The same walkers and windows, which stay where they are; the next look counts as the first.

    While windows move, means of their overlaps are of no windows at all: their product over a ladder errs by what its range
    has travelled, in all ladders alike, so that the jackknife does not see it.
    """
    return forgotten(state)._replace(still=jnp.ones((), bool))


def looker(
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    moves: int,
    mobility: np.ndarray | float = 1.0,
    coordinate: Coordinate = LOGIT,
    exchanged: bool = True,
    memory: int = MEMORY,
    escaped: Callable[[watch.Watch, jax.Array], watch.Watch] | None = None,
    settling: bool = True,
) -> Callable[[Any, Umbrella, jax.Array], tuple[Umbrella, Seen]]:
    """The compiled look: (parameters of the solution, umbrella, key) -> umbrella, what was seen.

    Args:
        visit: x -> Places.
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        moves: Langevin steps of every walker.
        mobility: (d,) of the dynamics whose rate the energies give; walkers move by their own, of the same law.
        coordinate: that windows stand along; those along f itself stay where they are.
        exchanged: neighbours exchange walkers.
        memory: looks over which overlaps are averaged at first.
        escaped: counts walkers outside a box after each look, if they are watched.
        settling: windows settle, for the sake of their masses; else they follow the solution as fast all along.
    """

    @jax.jit
    def look(params: Any, state: Umbrella, key: jax.Array) -> tuple[Umbrella, Seen]:
        here = placement.windows_of(state.placement, DTYPE)
        gain = jnp.where(state.still, jnp.zeros((), DTYPE), gain_at(state.look, DTYPE))
        glance: Look = partial(logit, params)
        heat = 1.0 if state.heat is None else state.heat

        def own_bias(logit: jax.Array) -> jax.Array:
            return bias(here, coordinate.of(logit))

        def own_slope(logit: jax.Array) -> jax.Array:
            return bias_slope(here, coordinate.of(logit)) * coordinate.slope(logit)

        def move(carry: Any, key: jax.Array) -> tuple[Any, None]:
            walkers, sizes, noticed = carry
            walkers, accepted, tried = attempt(key, walkers, sizes, own_bias, own_slope, visit, glance, heat)
            noticed = None if noticed is None else watch.tried(noticed, state.look + 1, tried.energy)
            return (walkers, adapt(sizes, accepted, ACCEPTANCE, gain), noticed), None

        key_moves, key_exchange = jax.random.split(key)
        start = (glance(state.places), state.sizes, state.watch)
        (walkers, sizes, noticed), _ = jax.lax.scan(move, start, jax.random.split(key_moves, moves))
        if escaped is not None and noticed is not None:
            noticed = escaped(noticed, walkers.places.x)
        if exchanged:
            walkers = exchange(key_exchange, walkers, own_bias, state.look % 2)

        biases = biases_of(state, walkers, coordinate)
        phi_share, log_total = shares(biases)
        seen, found = weighed(
            state.seen, walkers, phi_share, jnp.exp(-log_total), state.since, memory, mobility
        )
        flux = state.flux
        if flux is not None:
            news = running.share_of_news(state.since, memory)
            flux = (1.0 - news) * flux + news * flux_of(here, walkers)
        stand = state.placement
        if coordinate.in_logit:
            pace = placement.settling(state.since) if settling else placement.GAIN
            moved = placement.moved(stand, walkers, biases, pace)
            stand = jax.tree.map(partial(jnp.where, state.still), stand, moved)
        state = Umbrella(
            state.look + 1,
            state.since + 1,
            state.still,
            walkers.places,
            sizes,
            stand,
            seen,
            noticed,
            flux,
            state.heat,
        )
        return state, found

    return look


def biases_of(state: Umbrella, walkers: Walkers, coordinate: Coordinate = LOGIT) -> jax.Array:
    """(R, L, L) of each walker (R, L) in every window as they stand."""
    return bias(placement.windows_of(state.placement, DTYPE), coordinate.of(walkers.s)[..., None])


def reports(state: Umbrella, seen: Seen, beta: float) -> dict[str, float]:
    """What walkers in windows that stand along an accurate logit say; no rates where windows have not met."""
    centres = np.asarray(placement.windows_of(state.placement, jnp.float64).centres)
    rate = rate_of(*map(np.asarray, (state.seen.overlap, state.seen.inverse, state.flux)), centres, beta)
    rates = {}
    if rate is not None:
        (_, dirichlet), (_, dirichlet_error) = _rates(state.seen, beta)
        both = running.beside_dirichlet((rate.value, rate.error), (dirichlet, dirichlet_error))
        rates = running.told(both) | {"rate_believed": rate.believed}
    return rates | {
        "window_overlap": float(running.least_overlap(state.seen)),
        "weight_ess": float(effective_share(seen.weights)),
        "window_low": float(state.placement.low),
        "window_high": float(state.placement.high),
    }
