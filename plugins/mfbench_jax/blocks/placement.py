"""Where umbrella windows stand: their range and distances follow what the walkers see.

In logit f nobody knows beforehand how far the basins reach. The two outer windows are open outwards, so their
walkers follow the invariant measure there; the range's ends move to where the median of those that are outside A
and B lies one unit further out. Distances shrink between neighbours that rarely exchange.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from .sampler import Walkers
from .windows import Windows, spread

GAIN = 0.02
"""Share of the way to where they should be that windows move in a look."""
SETTLING = 500
"""Looks after which windows that settle move half as much where they are about right."""
NEAR = 2.0
"""Units of logit within which an end of the range is where it should be, but for the noise of few walkers."""
BEYOND = 1.0
"""Units of logit by which the outer windows' medians lie outside the range."""
NEAREST, FARTHEST = 2.0, 40.0
"""Bounds of the range's ends: |logit| between q = .12 and what float32 can bias."""
UNEQUAL = 1.0
"""Bound of the distances' logarithmic shares. Where something other than distance lets walkers meet rarely, narrower windows
have smaller steps, in which walkers meet more rarely still."""
RARE = 3e-3
"""Exchange rate below which a rarer one makes no difference, so that the logarithm is bounded."""


class Placement(NamedTuple):
    """Ends of the range, float64 scalars, and the distances' logarithmic shares (L - 1,)."""

    low: jax.Array
    high: jax.Array
    shares: jax.Array


def start(windows: int, in_logit: bool) -> Placement:
    """Logits from -3 to 3, or committor values from 0 to 1, at equal distances."""
    low, high = (-3.0, 3.0) if in_logit else (0.0, 1.0)
    return Placement(jnp.float64(low), jnp.float64(high), jnp.zeros(windows - 1))


def windows_of(placement: Placement, dtype: jnp.dtype) -> Windows:
    """The windows that stand there."""
    windows = spread(*placement)
    return Windows(windows.centres.astype(dtype), windows.stiffness.astype(dtype))


def settling(look: jax.Array) -> jax.Array:
    """The gain of windows that settle, after so many looks: they move as fast as means over a tenth of the run forget.

    Mean overlaps of windows that move are those of no windows at all: masses err by what the range has travelled while the
    means forgot, in all ladders alike.
    """
    return GAIN / (1.0 + look / SETTLING)


def moved(
    placement: Placement, walkers: Walkers, biases: jax.Array, gain: jax.Array | float = GAIN
) -> Placement:
    """The placement after one look.

    Args:
        placement: before it.
        walkers: (R, L) that were looked at.
        biases: (R, L, L) of each of them in every window.
        gain: where windows are about right; an end that is far off moves by GAIN.
    """
    low, high, shares = placement
    free = walkers.places.free
    first, last = _median(walkers.s[:, 0], free[:, 0]), _median(walkers.s[:, -1], free[:, -1])
    low = _towards(low, first + BEYOND, -FARTHEST, -NEAREST, gain)
    high = _towards(high, last - BEYOND, NEAREST, FARTHEST, gain)
    own = jnp.diagonal(biases, 0, 1, 2)
    up = jnp.mean(jax.nn.sigmoid(own[:, :-1] - jnp.diagonal(biases, 1, 1, 2)), axis=0)
    down = jnp.mean(jax.nn.sigmoid(own[:, 1:] - jnp.diagonal(biases, -1, 1, 2)), axis=0)
    meeting = 0.5 * (jnp.log(up + RARE) + jnp.log(down + RARE)).astype(shares.dtype)
    # The outer windows are open: what they share with their neighbours says nothing of a distance.
    meeting = meeting.at[0].set(meeting[1]).at[-1].set(meeting[-2])
    shares = jnp.clip(shares + gain * (meeting - jnp.mean(meeting)), -UNEQUAL, UNEQUAL)
    return Placement(low, high, shares)


def _towards(
    end: jax.Array, goal: jax.Array, least: float, most: float, gain: jax.Array | float
) -> jax.Array:
    """One damped step of an end of the range; it stays where nobody can be asked (goal NaN)."""
    way = goal - end
    near = jnp.clip(way, -NEAR, NEAR)
    step = jnp.clip(end + gain * near + GAIN * (way - near), least, most)
    return jnp.where(jnp.isfinite(goal), step, end)


def _median(values: jax.Array, free: jax.Array) -> jax.Array:
    """Lower median of the values (R,) where free; NaN where nothing is."""
    ordered = jnp.sort(jnp.where(free, values, jnp.inf))
    number = jnp.sum(free)
    return jnp.where(number > 0, ordered[jnp.maximum((number - 1) // 2, 0)], jnp.nan)
