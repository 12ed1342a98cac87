"""Boundary values that are learned: f near 0 on A and near 1 on B, from a start that already has them.

A penalty of fixed weight must be large against the Ritz energy beta nu, which nobody knows beforehand; in units of
the running energy it follows it. With f = a on A and 1 - a on B and weight p, the least of (1 - 2a)^2 + 2 p a^2 with
the unit at its own value solves a (1 - 2a) = 1 / p: a = 1 / p nearly, if the start lies on that side. From a
constant the energy, and with it the unit, is zero and stays so: hence the fit beforehand. It ends at a = 1 / p: a
steeper start leaves no walker between A and B.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from .ritz import violation

MOST_STEPS = 1000
FIT_RATE = 1e-2


def masked_mean(values: jax.Array, mask: jax.Array) -> jax.Array:
    """Mean of the values where the mask is True, 0 if nowhere."""
    return jnp.sum(jnp.where(mask, values, 0.0)) / jnp.maximum(jnp.sum(mask), 1)


def violation_of_walkers(logit: jax.Array, in_a: jax.Array, in_b: jax.Array) -> jax.Array:
    """Mean of f^2 over walkers in A plus mean of (1 - f)^2 over walkers in B."""
    return masked_mean(jax.nn.sigmoid(logit) ** 2, in_a) + masked_mean(jax.nn.sigmoid(-logit) ** 2, in_b)


def fitted(params: Any, error: float, logits: Callable[[Any], tuple[jax.Array, jax.Array]]) -> Any:
    """Parameters fitted by Adam to f = 0 on A and 1 on B: the cross entropy over points of both.

    Args:
        params: where to start.
        error: mean of f^2 on A plus mean of (1 - f)^2 on B at which to stop.
        logits: params -> logits at points of A and at points of B.
    """
    method = optax.adam(FIT_RATE)

    def loss(params: Any) -> jax.Array:
        in_a, in_b = logits(params)
        return jnp.mean(jax.nn.softplus(in_a)) + jnp.mean(jax.nn.softplus(-in_b))

    def step(carry: tuple[Any, Any, jax.Array]) -> tuple[Any, Any, jax.Array]:
        params, moments, number = carry
        change, moments = method.update(jax.grad(loss)(params), moments)
        return optax.apply_updates(params, change), moments, number + 1

    def unfit(carry: tuple[Any, Any, jax.Array]) -> jax.Array:
        params, _, number = carry
        return (violation(*logits(params)) > error) & (number < MOST_STEPS)

    return jax.lax.while_loop(unfit, step, (params, method.init(params), jnp.asarray(0)))[0]
