"""Umbrella windows along one coordinate s of the solution: s = logit f, or s = f.

Window l of L holds its walkers by the bias, in units of kT,

    W_l(s) = (k_l / 2) (s - c_l)^2,

the first one only above its centre and the last one only below, so that these two follow the
invariant measure in the basins, A and B included. Along the exact logit of a committor the
measure's density is about exp(|s|), a slope of one kT per unit; a window of stiffness k is displaced by 1/k,
therefore k = 1/h^2 + 1/h for the spacing h.

Farther than FAR times its own spacing from its centre a window is as stiff as any other: W_l goes on as k (s - c_l)^2 / 2
plus a constant, k that of the mean spacing. A walker far from all windows, as one in A that a window on B's side pulls at,
then lies the lower the nearer its window, and exchanges lead it home; if every window kept its own stiffness, the softest
would have it for good.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

FAR = 6.0
"""Times a window's own spacing: W is 18 kT and more there, so that nothing is seen of it in the window's law."""


class Windows(NamedTuple):
    """Centres (L,) and stiffnesses (L,), both in the coordinate's unit and kT."""

    centres: jax.Array
    stiffness: jax.Array


def spread(low: jax.Array, high: jax.Array, shares: jax.Array) -> Windows:
    """Windows from low to high whose L - 1 distances are in the ratio exp(shares), (L - 1,)."""
    spacing = (high - low) * jax.nn.softmax(shares)
    centres = low + jnp.concatenate([jnp.zeros(1), jnp.cumsum(spacing)])
    width = 0.5 * (jnp.append(spacing, spacing[-1]) + jnp.insert(spacing, 0, spacing[0]))
    return Windows(centres, stiffness_of(width))


def stiffness_of(spacing: jax.Array) -> jax.Array:
    """k of windows so far apart."""
    return 1.0 / spacing**2 + 1.0 / spacing


def _stretch(windows: Windows, s: jax.Array) -> jax.Array:
    """s - c_l, cut to zero on the open side of the two outer windows; s broadcasts against (L,)."""
    number = len(windows.centres)
    index = jnp.arange(number)
    lower = jnp.where(index == 0, 0.0, -jnp.inf)
    upper = jnp.where(index == number - 1, 0.0, jnp.inf)
    return jnp.clip(s - windows.centres, lower.astype(s.dtype), upper.astype(s.dtype))


def _common(windows: Windows) -> tuple[jax.Array, jax.Array]:
    """Stiffness of a window of the mean spacing, and the distances (L,) from which on windows have it."""
    k = windows.stiffness
    own = (1.0 + jnp.sqrt(1.0 + 4.0 * k)) / (2.0 * k)
    mean = (windows.centres[-1] - windows.centres[0]) / (len(windows.centres) - 1)
    return stiffness_of(mean), FAR * own


def bias(windows: Windows, s: jax.Array) -> jax.Array:
    """W_l(s): s (..., L) gives each walker its own window's bias; s (..., 1) gives the biases of all L."""
    (common, far), square = _common(windows), _stretch(windows, s) ** 2
    return 0.5 * (common * square + (windows.stiffness - common) * jnp.minimum(square, far**2))


def bias_slope(windows: Windows, s: jax.Array) -> jax.Array:
    """dW_l/ds, shapes as in `bias`."""
    (common, far), stretch = _common(windows), _stretch(windows, s)
    return jnp.where(jnp.abs(stretch) < far, windows.stiffness, common) * stretch
