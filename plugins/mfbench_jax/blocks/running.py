"""What umbrella windows have seen so far, ladder by ladder, and the estimates made from it.

For the slab c0 < f < c1 the co-area formula gives nu = int_slab |grad f|^2 dmu / (beta (c1 - c0)) at f = q:
blind to small gradients in the basins, which carry nearly all of mu.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from .emus import masses

SLAB = (0.3, 0.7)


class Running(NamedTuple):
    """Running means over updates, float64; R ladders, L windows.

    Args:
        overlap: (R, L, L) of phi_m / c in window l.
        inverse: (R, L) of 1 / c.
        slab: (R, L) of |grad f|^2 / c inside the slab.
    """

    overlap: jax.Array
    inverse: jax.Array
    slab: jax.Array


def nothing(ladders: int, windows: int) -> Running:
    """Before the first update."""
    shape = (ladders, windows)
    return Running(jnp.tile(jnp.eye(windows), (ladders, 1, 1)), jnp.ones(shape), jnp.zeros(shape))


def updated(old: Running, new: Running, step: jax.Array, memory: int) -> Running:
    """Means that forget: over `memory` updates at first, over a tenth of the run later on."""
    gain = jnp.maximum(1.0 / (step + 1.0), 1.0 / (memory + 0.1 * step))
    return jax.tree.map(lambda o, n: o + gain * (n.astype(o.dtype) - o), old, new)


def weights_of(seen: Running) -> jax.Array:
    """z_l / sum_m z_m E_m[1 / c], (L,): times 1 / c at a walker these are its weights under mu."""
    z = masses(jnp.mean(seen.overlap, axis=0))
    return z / jnp.sum(z * jnp.mean(seen.inverse, axis=0))


def rate(seen: Running, beta: float) -> tuple[jax.Array, jax.Array]:
    """Transitions per unit time by the slab, and the jackknife error over ladders.

    The error is that of sampling; it does not know how far f is from q.
    """

    def of(part: Running) -> jax.Array:
        slab = jnp.sum(weights_of(part) * jnp.mean(part.slab, axis=0))
        return slab / (beta * (SLAB[1] - SLAB[0]))

    number = seen.inverse.shape[0]

    def without(ladder: jax.Array) -> jax.Array:
        kept = jnp.arange(number) != ladder
        share = number / (number - 1)
        return of(jax.tree.map(lambda mean: jnp.where(_like(kept, mean), share * mean, 0.0), seen))

    others = jax.vmap(without)(jnp.arange(number))
    spread = jnp.sqrt((number - 1) / number * jnp.sum((others - jnp.mean(others)) ** 2))
    return of(seen), spread


def least_overlap(seen: Running) -> jax.Array:
    """The smallest share that a window has in a neighbour: near zero the ladder is broken there."""
    mean = jnp.mean(seen.overlap, axis=0)
    return jnp.min(jnp.minimum(jnp.diag(mean, 1), jnp.diag(mean, -1)))


def _like(kept: jax.Array, mean: jax.Array) -> jax.Array:
    return kept.reshape(kept.shape + (1,) * (mean.ndim - 1))
