"""Walkers under V and the bias of their windows: Metropolis-adjusted Langevin steps.

Array layout everywhere: (R, L) for R independent ladders of L windows. A step of size h (units of
length squared, time times kT) with energy E = beta V + W_l(s(x)) proposes

    y = x - h c(x) grad E(x) + sqrt(2 h) xi,

where c <= 1 bounds the drift to TAMING times the noise's typical length sqrt(2 h d), and accepts by
Metropolis with this very proposal density: the invariant law is exp(-E) exactly, taming included
(Roberts and Tweedie 1996, section 1.4.3). Hot walkers have beta V / heat for beta V.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .landscape import Places

TAMING = 2.0
ACCEPTANCE = 0.6
"""That step sizes aim at."""


class Walkers(NamedTuple):
    """Places (R, L, ...) and the biased coordinate s (R, L) with its gradient (R, L, d) there."""

    places: Places
    s: jax.Array
    s_slope: jax.Array


Look = Callable[[Places], Walkers]
"""Places -> walkers there, by the current solution."""
Bias = Callable[[jax.Array], jax.Array]
"""(R, L) coordinates -> (R, L) own biases."""


def _drift(walkers: Walkers, slope: Bias, h: jax.Array, heat: jax.Array | float) -> jax.Array:
    """-h c grad E, (R, L, d)."""
    force = walkers.places.energy_slope / heat + slope(walkers.s)[..., None] * walkers.s_slope
    length = jnp.sqrt(jnp.sum(force**2, axis=-1))
    limit = TAMING * jnp.sqrt(2.0 * force.shape[-1] / h)
    return -(h * jnp.minimum(1.0, limit / (length + 1e-30)))[..., None] * force


class Attempt(NamedTuple):
    """One step: the walkers after it, their acceptance probabilities (R, L), and the places that they tried."""

    walkers: Walkers
    probability: jax.Array
    tried: Places


def attempt(
    key: jax.Array,
    walkers: Walkers,
    h: jax.Array,
    bias: Bias,
    slope: Bias,
    visit: Callable,
    look: Look,
    heat: jax.Array | float = 1.0,
) -> Attempt:
    """One step of every walker. A place whose energy is no finite number is never entered.

    Args:
        key: of this step.
        walkers: (R, L).
        h: (L,) step sizes.
        bias, slope: own bias W_l and dW_l/ds of (R, L) coordinates.
        visit: x -> Places.
        look: Places -> Walkers.
        heat: temperature over the problem's.
    """
    key_noise, key_accept = jax.random.split(key)
    x = walkers.places.x
    forth = _drift(walkers, slope, h, heat) + jnp.sqrt(2.0 * h)[:, None] * jax.random.normal(
        key_noise, x.shape, x.dtype
    )
    new = look(visit(x + forth))
    # The way there minus its drift, the way back minus its own.
    there = jnp.sum((forth - _drift(walkers, slope, h, heat)) ** 2, axis=-1)
    back = jnp.sum((forth + _drift(new, slope, h, heat)) ** 2, axis=-1)
    fallen = (walkers.places.energy - new.places.energy) / heat
    gain = fallen + bias(walkers.s) - bias(new.s) + (there - back) / (4.0 * h)
    probability = jnp.where(jnp.isfinite(gain), jnp.exp(jnp.minimum(gain, 0.0)), 0.0)
    accept = jax.random.uniform(key_accept, gain.shape, gain.dtype) < probability
    return Attempt(choose(accept, new, walkers), probability, new.places)


def choose(accept: jax.Array, new: Walkers, old: Walkers) -> Walkers:
    """New walkers where accept (R, L), old ones elsewhere."""
    return jax.tree.map(
        lambda n, o: jnp.where(accept.reshape(accept.shape + (1,) * (n.ndim - 2)), n, o), new, old
    )


def exchange(key: jax.Array, walkers: Walkers, bias: Bias, parity: jax.Array) -> Walkers:
    """Swap neighbours (l, l + 1), l of the given parity, by Metropolis; leaves each window's law unchanged."""
    number = walkers.s.shape[1]
    index = jnp.arange(number)
    partner = jnp.where((index - parity) % 2 == 0, index + 1, index - 1)
    partner = jnp.where((partner < 0) | (partner >= number), index, partner)
    gain = bias(walkers.s) - bias(walkers.s[:, partner])
    gain = gain + gain[:, partner]
    draw = jax.random.uniform(key, gain.shape, gain.dtype)[:, jnp.minimum(index, partner)]
    swapped = jax.tree.map(lambda part: part[:, partner], walkers)
    return choose(draw < jnp.exp(jnp.minimum(gain, 0.0)), swapped, walkers)


def adapt(h: jax.Array, acceptance: jax.Array, target: float, gain: jax.Array) -> jax.Array:
    """Step sizes (L,) moved towards the target acceptance by a Robbins-Monro step in log h."""
    return h * jnp.exp(gain * (jnp.mean(acceptance, axis=0) - target))


def gain_at(look: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Gain of `adapt` at a look: step sizes settle, and still follow a solution that changes."""
    return (0.2 / jnp.sqrt(1.0 + look / 200)).astype(dtype)
