"""Where umbrella windows stand: their range and distances follow what the walkers see.

In logit f nobody knows beforehand how far the basins reach. The two outer windows are open outwards, so their
walkers follow the invariant measure there; the range's ends move to where the median of those that are outside A
and B lies one unit further out. Distances shrink between neighbours that rarely exchange.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

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

    low: torch.Tensor
    high: torch.Tensor
    shares: torch.Tensor


def start(windows: int, in_logit: bool, device: torch.device) -> Placement:
    """Logits from -3 to 3, or committor values from 0 to 1, at equal distances."""
    ends = torch.tensor([-3.0, 3.0] if in_logit else [0.0, 1.0], dtype=torch.float64, device=device)
    return Placement(ends[0], ends[1], ends.new_zeros(windows - 1))


def windows_of(placement: Placement, dtype: torch.dtype) -> Windows:
    """The windows that stand there."""
    windows = spread(*placement)
    return Windows(windows.centres.to(dtype), windows.stiffness.to(dtype))


def settling(look: int) -> float:
    """The gain of windows that settle, after so many looks: they move as fast as means over a tenth of the run forget.

    Mean overlaps of windows that move are those of no windows at all: masses err by what the range has travelled while the
    means forgot, in all ladders alike.
    """
    return GAIN / (1.0 + look / SETTLING)


def moved(placement: Placement, walkers: Walkers, biases: torch.Tensor, gain: float = GAIN) -> Placement:
    """The placement after one look.

    Args:
        placement: before it.
        walkers: (R, L) that were looked at.
        biases: (R, L, L) of each of them in every window.
        gain: where windows are about right; an end that is far off moves by GAIN.
    """
    low, high, shares = placement
    # Medians (L,) of those outside A and B, the lower one of an even number; NaN where there is nobody.
    medians = torch.nanmedian(torch.where(walkers.places.free, walkers.s, math.nan), dim=0).values
    low = _towards(low, medians[0] + BEYOND, -FARTHEST, -NEAREST, gain)
    high = _towards(high, medians[-1] - BEYOND, NEAREST, FARTHEST, gain)
    own = torch.diagonal(biases, 0, 1, 2)
    up = torch.mean(torch.sigmoid(own[:, :-1] - torch.diagonal(biases, 1, 1, 2)), dim=0)
    down = torch.mean(torch.sigmoid(own[:, 1:] - torch.diagonal(biases, -1, 1, 2)), dim=0)
    meeting = (0.5 * (torch.log(up + RARE) + torch.log(down + RARE))).to(shares.dtype)
    # The outer windows are open: what they share with their neighbours says nothing of a distance.
    meeting[0] = meeting[1]
    meeting[-1] = meeting[-2]
    shares = torch.clamp(shares + gain * (meeting - torch.mean(meeting)), -UNEQUAL, UNEQUAL)
    return Placement(low, high, shares)


def _towards(end: torch.Tensor, goal: torch.Tensor, least: float, most: float, gain: float) -> torch.Tensor:
    """One damped step of an end of the range; it stays where nobody can be asked (goal NaN)."""
    way = goal - end
    near = torch.clamp(way, -NEAR, NEAR)
    step = torch.clamp(end + gain * near + GAIN * (way - near), least, most)
    return torch.where(torch.isfinite(goal), step, end)
