"""Adam on a loss of batches, with bounded gradients, an anytime schedule and averaged parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .descent import anytime, tail_average

AVERAGING = 8.0
LARGEST_GRADIENT = 10.0
MATURE = 10.0
"""Warm-ups after which a solution is asked for rates."""


class Fit(NamedTuple):
    """A fit under way: parameters, their average, the optimiser's moments, and steps taken."""

    params: Any
    average: Any
    moments: Any
    step: jax.Array


def make_fit(
    loss: Callable[..., jax.Array], rate: float, warm_up: int, halving: int
) -> tuple[Callable[[Any], Fit], Callable[..., Fit]]:
    """Two functions: parameters -> Fit, and (Fit, batches ...) -> Fit one step per batch later.

    Args:
        loss: (params, arrays of one batch ...) -> a number; batches carry one more axis in front.
        rate, warm_up, halving: of `descent.anytime`.
    """
    method = optax.chain(
        optax.clip_by_global_norm(LARGEST_GRADIENT), optax.adam(anytime(rate, warm_up, halving))
    )

    def update(fit: Fit, batch: tuple[jax.Array, ...]) -> tuple[Fit, None]:
        change, moments = method.update(jax.grad(loss)(fit.params, *batch), fit.moments, fit.params)
        params = optax.apply_updates(fit.params, change)
        average = tail_average(fit.average, params, fit.step, AVERAGING)
        return Fit(params, average, moments, fit.step + 1), None

    def begun(params: Any) -> Fit:
        return Fit(params, params, method.init(params), jnp.zeros((), jnp.float32))

    @jax.jit
    def improved(fit: Fit, *batches: jax.Array) -> Fit:
        return jax.lax.scan(update, fit, batches)[0]

    return begun, improved


def learned(fit: Fit, warm_up: int) -> bool:
    """Whether a fit is well past its warm-up, so that what it says of rates is not that of the network it began with."""
    return float(fit.step) > MATURE * warm_up
