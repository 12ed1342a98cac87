"""Weights of umbrella windows from their overlaps (EMUS).

With phi_l = exp(-W_l), c = sum_l phi_l and E_l the mean in window l, the overlap matrix
F_lm = E_l[phi_m / c] is stochastic and its stationary vector z = z F holds the windows' masses
z_l = int phi_l dmu (up to a factor); then, exactly,

    E_mu[g] = sum_l z_l E_l[g / c] / sum_l z_l E_l[1 / c].

Thiede, Van Koten, Weare, Dinner (2016), eqs. 10-14.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

FLOOR = 1e-12
"""Added between neighbours, so that windows that never met still have finite, positive weights."""


def shares(biases: jax.Array) -> tuple[jax.Array, jax.Array]:
    """phi_m / c (..., L) and log c (...) from the biases of all windows W_m (..., L)."""
    log_total = jax.nn.logsumexp(-biases, axis=-1)
    return jnp.exp(-biases - log_total[..., None]), log_total


def masses(overlap: jax.Array) -> jax.Array:
    """Stationary vector (L,), sum 1, of a stochastic matrix (L, L).

    State reduction after Grassmann, Taksar and Heyman (1985): no subtraction, so that every
    entry keeps its relative accuracy even where entries differ by e^40.
    """
    number = len(overlap)
    neighbours = jnp.eye(number, k=1, dtype=overlap.dtype) + jnp.eye(number, k=-1, dtype=overlap.dtype)
    reduced = overlap + FLOOR * neighbours
    index = jnp.arange(number)

    def eliminate(step: int, reduced: jax.Array) -> jax.Array:
        last = number - 1 - step
        earlier = index < last
        leave = jnp.sum(jnp.where(earlier, reduced[last], 0.0))
        arrive = jnp.where(earlier, reduced[:, last] / leave, reduced[:, last])
        reduced = reduced.at[:, last].set(arrive)
        detour = arrive[:, None] * reduced[last]
        return reduced + jnp.where(earlier[:, None] & earlier, detour, 0.0)

    reduced = jax.lax.fori_loop(0, number - 1, eliminate, reduced)

    def extend(state: int, z: jax.Array) -> jax.Array:
        return z.at[state].set(jnp.sum(jnp.where(index < state, z * reduced[:, state], 0.0)))

    z = jax.lax.fori_loop(1, number, extend, jnp.zeros(number, overlap.dtype).at[0].set(1.0))
    return z / jnp.sum(z)


def effective_share(weights: jax.Array) -> jax.Array:
    """Kish's effective sample size (sum w)^2 / sum w^2 as a share of the number of weights."""
    return jnp.sum(weights) ** 2 / (weights.size * jnp.sum(weights**2))
