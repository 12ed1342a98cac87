"""Walkers in umbrella windows along the logit of a solution that changes: one look after the other.

Each look moves every walker a few Metropolis-adjusted Langevin steps, exchanges neighbours, adds what was seen to
the running overlaps, and moves the windows after the walkers. See `sampler`, `windows`, `placement`, `running`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from . import levels, placement, running
from .emus import effective_share, shares
from .landscape import Places
from .ritz import energy_density
from .sampler import Look, Walkers, adapt, exchange, langevin_step
from .windows import bias, bias_slope

ACCEPTANCE = 0.6
MEMORY = 50
"""Looks over which overlaps are averaged at first; a tenth of the run later on."""
DTYPE = jnp.float32

_rates = jax.jit(running.rates)


class Umbrella(NamedTuple):
    """All that the next look needs; R ladders, L windows. `since`: looks that the running overlaps hold."""

    look: jax.Array
    since: jax.Array
    places: Places
    sizes: jax.Array
    placement: placement.Placement
    seen: running.Running


class Seen(NamedTuple):
    """Walkers (R, L) after a look and their weights (R, L) under mu."""

    walkers: Walkers
    weights: jax.Array


def umbrella(places: Places, size: float) -> Umbrella:
    """Before the first look: walkers at places (R, L), all step sizes alike."""
    ladders, windows = places.lift.shape
    return Umbrella(
        jnp.zeros((), int),
        jnp.zeros((), int),
        places,
        jnp.full(windows, size, DTYPE),
        placement.start(windows, True),
        running.nothing(ladders, windows),
    )


def forgotten(state: Umbrella) -> Umbrella:
    """The same walkers and windows; the next look counts as the first."""
    return state._replace(since=jnp.zeros((), int))


def looker(
    visit: Callable[[jax.Array], Places],
    logit: Callable[[Any, Places], Walkers],
    moves: int,
    mobility: np.ndarray | float = 1.0,
) -> Callable[[Any, Umbrella, jax.Array], tuple[Umbrella, Seen]]:
    """The compiled look: (parameters of the solution, umbrella, key) -> umbrella, what was seen.

    Args:
        visit: x -> Places.
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        moves: Langevin steps of every walker.
        mobility: (d,) of the dynamics whose rate the energies give; walkers move by their own, of the same law.
    """

    @jax.jit
    def look(params: Any, state: Umbrella, key: jax.Array) -> tuple[Umbrella, Seen]:
        here = placement.windows_of(state.placement, DTYPE)
        gain = (0.2 / jnp.sqrt(1.0 + state.look / 200)).astype(DTYPE)
        glance: Look = partial(logit, params)
        own_bias, own_slope = partial(bias, here), partial(bias_slope, here)

        def move(carry: tuple[Walkers, jax.Array], key: jax.Array) -> tuple[tuple[Walkers, jax.Array], None]:
            walkers, sizes = carry
            walkers, accepted = langevin_step(key, walkers, sizes, own_bias, own_slope, visit, glance)
            return (walkers, adapt(sizes, accepted, ACCEPTANCE, gain)), None

        key_moves, key_exchange = jax.random.split(key)
        start = (glance(state.places), state.sizes)
        (walkers, sizes), _ = jax.lax.scan(move, start, jax.random.split(key_moves, moves))
        walkers = exchange(key_exchange, walkers, own_bias, state.look % 2)

        biases = bias(here, walkers.s[..., None])
        phi_share, log_total = shares(biases)
        inverse = jnp.exp(-log_total)
        density = inverse * energy_density(walkers.s, walkers.s_slope, walkers.places.free, mobility)
        news = running.Running(phi_share, inverse, levels.binned(walkers.s, density))
        seen = running.updated(state.seen, news, state.since, MEMORY)
        weights = (running.weights_of(seen) * inverse).astype(DTYPE)
        stand = placement.moved(state.placement, walkers, biases)
        return Umbrella(state.look + 1, state.since + 1, walkers.places, sizes, stand, seen), Seen(
            walkers, weights
        )

    return look


def reports(state: Umbrella, seen: Seen, rate_unit: float, beta: float) -> dict[str, float]:
    """What the sampling says of itself; `rate_unit` turns the rate of scaled coordinates into that of time."""
    (rate, dirichlet), (error, dirichlet_error) = _rates(state.seen, beta)
    return {
        "rate": float(rate) * rate_unit,
        "rate_error": float(error) * rate_unit,
        "rate_dirichlet": float(dirichlet) * rate_unit,
        "rate_dirichlet_error": float(dirichlet_error) * rate_unit,
        "window_overlap": float(running.least_overlap(state.seen)),
        "weight_ess": float(effective_share(seen.weights)),
        "window_low": float(state.placement.low),
        "window_high": float(state.placement.high),
    }
