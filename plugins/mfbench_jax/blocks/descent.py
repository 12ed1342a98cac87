"""Descent with an anytime schedule and averaged weights: no step depends on when the run will stop."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax


def anytime(rate: float, warm_up: int, halving: int) -> optax.Schedule:
    """rate min(1, t / warm_up) / sqrt(1 + t / halving) at step t."""

    def schedule(step: jax.Array) -> jax.Array:
        return rate * jnp.minimum(1.0, step / warm_up) / jnp.sqrt(1.0 + step / halving)

    return schedule


def tail_average(average: Any, current: Any, step: jax.Array, power: float) -> Any:
    """Polynomial-decay average: weights of iterates grow like t^power (Shamir and Zhang 2013, section 4).

    The mean age of what is averaged is t / (power + 2): a fixed share of the run at any time.
    """
    share = (power + 1.0) / (step + power + 1.0)
    return jax.tree.map(lambda a, c: a + share.astype(a.dtype) * (c - a), average, current)
