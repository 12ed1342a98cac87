"""Weights of walkers under mu, from one look at windows and all that they have seen before."""

from __future__ import annotations

from typing import NamedTuple

import torch

from . import levels, running
from .ritz import energy_density
from .sampler import Walkers


class Seen(NamedTuple):
    """Walkers (R, L) after a look and their weights (R, L) under mu."""

    walkers: Walkers
    weights: torch.Tensor


def weighed(
    old: running.Running,
    walkers: Walkers,
    share: torch.Tensor,
    inverse: torch.Tensor,
    since: int,
    memory: int,
) -> tuple[running.Running, Seen]:
    """The running means with the news of a look, and its walkers with their weights.

    Args:
        old: the means before it.
        walkers: (R, L).
        share, inverse: (R, L, L) and (R, L), the news without the energy.
        since: looks that the means hold already.
        memory: as of `running.updated`.
    """
    density = inverse * energy_density(walkers.s, walkers.s_slope, walkers.places.free)
    news = running.Running(share, inverse, levels.binned(walkers.s, density))
    seen = running.updated(old, news, since, memory)
    weights = (running.weights_of(seen) * inverse).to(walkers.s.dtype)
    return seen, Seen(walkers, weights)
