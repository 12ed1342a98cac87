"""Umbrella windows along one coordinate s of the solution: s = logit f, or s = f.

Window l of L holds its walkers by the bias, in units of kT,

    W_l(s) = (k_l / 2) (s - c_l)^2,

the first one only above its centre and the last one only below, so that these two follow the
invariant measure in the basins, A and B included. Along the exact logit of a committor the
measure's density is about exp(|s|), a slope of one kT per unit; a window of stiffness k is displaced by 1/k,
therefore k = 1/h^2 + 1/h for the spacing h.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Windows(NamedTuple):
    """Centres (L,) and stiffnesses (L,), both in the coordinate's unit and kT."""

    centres: jax.Array
    stiffness: jax.Array


def spread(low: jax.Array, high: jax.Array, shares: jax.Array) -> Windows:
    """Windows from low to high whose L - 1 distances are in the ratio exp(shares), (L - 1,)."""
    spacing = (high - low) * jax.nn.softmax(shares)
    centres = low + jnp.concatenate([jnp.zeros(1), jnp.cumsum(spacing)])
    width = 0.5 * (jnp.append(spacing, spacing[-1]) + jnp.insert(spacing, 0, spacing[0]))
    return Windows(centres, 1.0 / width**2 + 1.0 / width)


def _stretch(windows: Windows, s: jax.Array) -> jax.Array:
    """s - c_l, cut to zero on the open side of the two outer windows; s broadcasts against (L,)."""
    number = len(windows.centres)
    index = jnp.arange(number)
    lower = jnp.where(index == 0, 0.0, -jnp.inf)
    upper = jnp.where(index == number - 1, 0.0, jnp.inf)
    return jnp.clip(s - windows.centres, lower.astype(s.dtype), upper.astype(s.dtype))


def bias(windows: Windows, s: jax.Array) -> jax.Array:
    """W_l(s): s (..., L) gives each walker its own window's bias; s (..., 1) gives the biases of all L."""
    return 0.5 * windows.stiffness * _stretch(windows, s) ** 2


def bias_slope(windows: Windows, s: jax.Array) -> jax.Array:
    """dW_l/ds, shapes as in `bias`."""
    return windows.stiffness * _stretch(windows, s)
