"""From which of the places seen so far to start: as often at one value of the committor as at any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

CAPACITY = 2**14
"""Places kept: newer ones replace random older ones."""
WIDEST = 5.0
"""|logit| beyond which a start is decided: .7 % of its trajectories end on the other side."""
BINS = 20
LOOKED_AT = 2048
"""Places of the pool among which starts are chosen; a fixed number, so that one compilation serves all."""


class Design:
    """A pool of places and a choice of starts from it that is flat in the logit of the current solution.

    Args:
        places: (m, d) the first ones.
        rng: for all choices.
    """

    def __init__(self, places: np.ndarray, rng: np.random.Generator) -> None:
        self.places, self.rng = places[:CAPACITY], rng

    def add(self, places: np.ndarray) -> None:
        """Take in (m, d) further places."""
        room = CAPACITY - len(self.places)
        if room > 0:
            self.places, places = np.concatenate([self.places, places[:room]]), places[room:]
        places = places[:CAPACITY]
        self.places = self.places.copy()
        self.places[self.rng.permutation(CAPACITY)[: len(places)]] = places

    def choose(self, logit: Callable[[np.ndarray], Any], count: int) -> np.ndarray:
        """(count, d) starts out of some of the pool: a bin of logits is drawn first, all filled bins alike.

        Args:
            logit: (LOOKED_AT, d) places -> their logits by the current solution.
            count: how many.
        """
        some = self.places[self.rng.integers(len(self.places), size=LOOKED_AT)]
        logits = np.asarray(logit(some))
        bins = np.clip((logits + WIDEST) / (2 * WIDEST) * BINS, 0, BINS - 1).astype(int)
        weights = 1.0 / np.bincount(bins, minlength=BINS)[bins]
        return some[self.rng.choice(LOOKED_AT, count, p=weights / np.sum(weights))]
