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


def violation(logit_a: jax.Array, logit_b: jax.Array) -> jax.Array:
    """Mean of f^2 over points of A plus mean of (1 - f)^2 over points of B, from their logits (m,), (k,)."""
    return jnp.mean(jax.nn.sigmoid(logit_a) ** 2) + jnp.mean(jax.nn.sigmoid(-logit_b) ** 2)
