"""Adam on the Ritz energy over weighted walkers: noisy, but it leads from everywhere to the neighbourhood of q."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .descent import anytime, tail_average
from .landscape import Places
from .ritz import energy_density
from .sampler import Walkers
from .umbrella import Seen

RATE, WARM_UP, HALVING = 3e-3, 50, 1000
LARGEST_GRADIENT = 10.0
AVERAGING = 8.0


class Descent(NamedTuple):
    """Parameters that are trained, their average, the optimiser's moments, and the running energy."""

    step: jax.Array
    params: Any
    average: Any
    moments: Any
    energy: jax.Array


def descent(
    logit: Callable[[Any, Places], Walkers], params: Any
) -> tuple[Descent, Callable[[Descent, Seen], Descent]]:
    """The start, and the compiled step; the weights are held fixed, and the running energy is the unit."""
    optimiser = optax.chain(
        optax.clip_by_global_norm(LARGEST_GRADIENT), optax.adam(anytime(RATE, WARM_UP, HALVING))
    )

    @jax.jit
    def descend(state: Descent, seen: Seen) -> Descent:
        places = seen.walkers.places

        def energy(params: Any) -> jax.Array:
            walkers = logit(params, places)
            density = energy_density(walkers.s, walkers.s_slope, places.free)
            return jnp.sum(jnp.mean(seen.weights * density, axis=0))

        value, gradient = jax.value_and_grad(energy)(state.params)
        time = state.step.astype(value.dtype)
        # The energy spans many decades between problems.
        unit = state.energy + jnp.maximum(1.0 / (time + 1.0), 0.05) * (value - state.energy)
        gradient = jax.tree.map(lambda part: part / (unit + 1e-30), gradient)
        change, moments = optimiser.update(gradient, state.moments, state.params)
        params = optax.apply_updates(state.params, change)
        average = tail_average(state.average, params, time, AVERAGING)
        return Descent(state.step + 1, params, average, moments, unit)

    zero = jnp.zeros((), jax.tree.leaves(params)[0].dtype)
    return Descent(jnp.asarray(0), params, params, optimiser.init(params), zero), descend
