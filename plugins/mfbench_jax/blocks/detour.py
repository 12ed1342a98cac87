"""How far from the straight way walkers cross: which of several channels they have found, where these lie apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from .levels import SLAB_END


def slab_detour(x: jax.Array, logit: jax.Array, start: np.ndarray, end: np.ndarray) -> jax.Array:
    """Root mean square distance from a line of walkers between the levels SLAB; 0 where there are none.

    Args:
        x: (R, L, d); logit: (R, L) of the solution there.
        start, end: (d,) two points of the line; their distance is the unit.
    """
    between = jnp.abs(logit) < SLAB_END
    way = (end - start) / np.linalg.norm(end - start)
    off = x - start
    off = off - (off @ way)[..., None] * way
    squares = jnp.where(between, jnp.sum(off**2, axis=-1), 0.0)
    mean = jnp.sum(squares) / jnp.maximum(jnp.sum(between), 1)
    return jnp.sqrt(mean) / float(np.linalg.norm(end - start))
