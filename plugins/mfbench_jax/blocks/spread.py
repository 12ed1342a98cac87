"""How far apart walkers between the sets are: who all crosses through one channel sees no other."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from .levels import SLAB


def slab_spread(x: jax.Array, logit: jax.Array, length: float) -> jax.Array:
    """Root mean square distance from their mean of walkers between the levels SLAB; 0 where there are none.

    Args:
        x: (R, L, d); logit: (R, L) of the solution there.
        length: unit of the distance.
    """
    between = (jnp.abs(logit) < math.log(SLAB[1] / SLAB[0]))[..., None]
    number = jnp.maximum(jnp.sum(between), 1)
    mean = jnp.sum(jnp.where(between, x, 0.0), axis=(0, 1)) / number
    squares = jnp.sum(jnp.where(between, (x - mean) ** 2, 0.0))
    return jnp.sqrt(squares / number) / length
