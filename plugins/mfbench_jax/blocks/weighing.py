"""Weights of walkers under mu, from one look at windows, or cells, and all that they have seen before."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from . import levels, running
from .ritz import energy_density
from .sampler import Walkers


class Seen(NamedTuple):
    """Walkers (R, L) after a look and their weights (R, L) under mu."""

    walkers: Walkers
    weights: jax.Array


def weighed(
    old: running.Running,
    walkers: Walkers,
    share: jax.Array,
    inverse: jax.Array,
    since: jax.Array,
    memory: int,
    mobility: np.ndarray | float = 1.0,
) -> tuple[running.Running, Seen]:
    """The running means with the news of a look, and its walkers with their weights.

    Args:
        old: the means before it.
        walkers: (R, L).
        share, inverse: (R, L, L) and (R, L), the news without the energy.
        since: looks that the means hold already.
        memory: as of `running.updated`.
        mobility: (d,) of the dynamics whose rate the energies give.
    """
    density = inverse * energy_density(walkers.s, walkers.s_slope, walkers.places.free, mobility)
    news = running.Running(share, inverse, levels.binned(walkers.s, density))
    seen = running.updated(old, news, since, memory)
    weights = (running.weights_of(seen) * inverse).astype(walkers.s.dtype)
    return seen, Seen(walkers, weights)
