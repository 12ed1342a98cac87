"""The Ritz energy of a committor written by its logit, f = sigmoid(z)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def energy_density(
    logit: jax.Array, logit_slope: jax.Array, free: jax.Array, mobility: np.ndarray | float = 1.0
) -> jax.Array:
    """grad f . M grad f = (f (1 - f))^2 grad z . M grad z outside A and B, 0 inside.

    Args:
        logit: (...) z; f (1 - f) is taken from it, so that nothing is lost where f rounds to 0 or 1.
        logit_slope: (..., d) grad z.
        free: (...) True outside A and B.
        mobility: (d,) diagonal of M, 1 where all directions are alike.
    """
    log_product = -jax.nn.softplus(logit) - jax.nn.softplus(-logit)
    square = jnp.sum(mobility * logit_slope**2, axis=-1)
    return jnp.where(free, jnp.exp(2.0 * log_product) * square, 0.0)


def violation(logit: jax.Array, in_a: jax.Array, in_b: jax.Array) -> jax.Array:
    """Mean of f^2 over points of A plus mean of (1 - f)^2 over points of B; logits and booleans (n,)."""
    return mean_where(in_a, jax.nn.sigmoid(logit) ** 2) + mean_where(in_b, jax.nn.sigmoid(-logit) ** 2)


def mean_where(mask: jax.Array, values: jax.Array) -> jax.Array:
    """Mean of values (n,) where the mask is True; 0 where it is nowhere."""
    return jnp.sum(jnp.where(mask, values, 0.0)) / jnp.maximum(jnp.sum(mask), 1)
