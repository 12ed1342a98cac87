"""Stochastic descent on the Ritz energy over weighted walkers: noisy, but it leads from everywhere to near q.

The weights are held fixed. The energy spans many decades between problems, and its running mean is the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .descent import tail_average
from .landscape import Places
from .ritz import energy_density
from .sampler import Walkers
from .weighing import Seen

LARGEST_GRADIENT = 10.0
AVERAGING = 8.0


class Descent(NamedTuple):
    """Parameters that are trained, their average, the optimiser's moments, and the running energy."""

    step: jax.Array
    params: Any
    average: Any
    moments: Any
    energy: jax.Array


def bounded(*method: optax.GradientTransformation) -> optax.GradientTransformation:
    """A method whose gradients are bounded first."""
    return optax.chain(optax.clip_by_global_norm(LARGEST_GRADIENT), *method)


def bounded_adam(rate: optax.Schedule) -> optax.GradientTransformation:
    """Adam, whose steps can be told to have a share of their length (`with_share`)."""
    return bounded(optax.adam(rate), optax.inject_hyperparams(optax.scale)(step_size=1.0))


def with_share(training: Descent, share: float) -> Descent:
    """A training by `bounded_adam` whose next steps have a share of the schedule's length."""
    size = jnp.asarray(share, jax.tree.leaves(training.params)[0].dtype)
    return training._replace(moments=optax.tree_utils.tree_set(training.moments, step_size=size))


def make_descent(
    logit: Callable[[Any, Places], Walkers],
    optimiser: optax.GradientTransformation,
    beside: Callable[..., jax.Array] | None = None,
) -> tuple[Callable[[Any], Descent], Callable[..., Descent]]:
    """Two functions: parameters -> Descent, and the compiled step (Descent, Seen, lesson=None) -> Descent.

    Args:
        logit: (parameters, Places) -> Walkers with the solution's logit there.
        optimiser: that turns gradients into steps.
        beside: (parameters, their Walkers, lesson) -> a loss in units of the energy, added to it.
    """

    def begun(params: Any) -> Descent:
        zero = jnp.zeros((), jax.tree.leaves(params)[0].dtype)
        return Descent(jnp.asarray(0), params, params, optimiser.init(params), zero)

    @jax.jit
    def descend(state: Descent, seen: Seen, lesson: tuple[jax.Array, ...] | None = None) -> Descent:
        places = seen.walkers.places

        def losses(params: Any) -> tuple[jax.Array, ...]:
            walkers = logit(params, places)
            density = energy_density(walkers.s, walkers.s_slope, places.free)
            energy = jnp.sum(jnp.mean(seen.weights * density, axis=0))
            return (energy,) if beside is None else (energy, beside(params, walkers, lesson))

        (value, *others), pull = jax.vjp(losses, state.params)
        news = jnp.maximum(1.0 / (state.step + 1.0), 0.05).astype(value.dtype)
        unit = state.energy + news * (value - state.energy)
        (gradient,) = pull((1.0 / (unit + 1e-30), *map(jnp.ones_like, others)))
        change, moments = optimiser.update(gradient, state.moments, state.params)
        params = optax.apply_updates(state.params, change)
        average = tail_average(state.average, params, state.step.astype(value.dtype), AVERAGING)
        return Descent(state.step + 1, params, average, moments, unit)

    return begun, descend
