"""Places that walkers have been at in windows that stand, all with their weights under mu, and batches of them.

With the windows' masses z_l (`emus`) the mean of g under mu is sum over i of w_i g(x_i), where w_i is proportional to
z_l / c(x_i) for a place of window l. The masses are newest ones: those of windows that stand get better with time, for
places seen long ago as well.

A batch is drawn with chances p_i and weighs w_i / p_i: a place is as likely as its share of what is to be integrated was
when it was last looked at, and one in 1 / FLAT times any place, so that no weight exceeds w_i / FLAT times their number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .landscape import Places

FLAT = 0.2
"""Share of a batch for which every place is as likely: what has become large unseen is found."""
DTYPE = np.float32


class Batches(NamedTuple):
    """Places (k, n, 1) and their weights (k, n, 1) under mu over the chance of each: the mean over a batch of weight times g
    is that of g under mu. The last axis is that of windows elsewhere."""

    places: Places
    weights: np.ndarray


class Archive:
    """Places of R ladders of L windows, the newest ones.

    Args:
        ladders, windows: R and L.
        dim: of the places.
        most: numbers kept at most; one look in any case.
    """

    def __init__(self, ladders: int, windows: int, dim: int, most: int) -> None:
        self._windows, each = windows, ladders * windows
        self._capacity = max(1, most // (each * (2 * dim + 5))) * each
        self._x, self._lift_slope = (np.empty((self._capacity, dim), DTYPE) for _ in range(2))
        self._lift, self._inverse, self._amount = (np.empty(self._capacity, DTYPE) for _ in range(3))
        self._free = np.empty(self._capacity, bool)
        self._seen = 0

    def __len__(self) -> int:
        return min(self._seen, self._capacity)

    def add(self, places: Places, inverse: np.ndarray, amount: np.ndarray) -> None:
        """Places (n, R, L), 1 / c and what is to be integrated there, (n, R, L); more than are kept push out old ones."""
        number = inverse.size
        rows = (self._seen + np.arange(number)) % self._capacity
        for kept, new in (
            (self._x, places.x),
            (self._lift, places.lift),
            (self._lift_slope, places.lift_slope),
            (self._free, places.free),
            (self._inverse, inverse),
            (self._amount, amount),
        ):
            kept[rows] = np.asarray(new).reshape(number, *kept.shape[1:])
        self._seen += number

    def weights(self, masses: np.ndarray) -> np.ndarray:
        """(n,) of all places under mu, sum 1, given the windows' masses (L,) up to a factor."""
        rows = self._inverse[: len(self)].reshape(-1, self._windows)
        weights = (rows * np.asarray(masses, float)).ravel()
        return weights / np.sum(weights)

    def places(self, rows: np.ndarray | slice, shape: tuple[int, ...] = (-1,)) -> Places:
        """Some of them, in this shape; what is known of V there was not kept, and the lift stands for it."""
        x, slope = (part[rows].reshape(*shape, part.shape[1]) for part in (self._x, self._lift_slope))
        lift, free = (part[rows].reshape(shape) for part in (self._lift, self._free))
        return Places(x, lift, slope, lift, slope, free)

    def look_again(self, amount_at: Callable[[Places], Any], size: int) -> None:
        """Ask anew for what is to be integrated, (n,) at Places (n,), of which there are always so many."""
        for start in range(0, len(self), size):
            rows = np.arange(start, start + size) % len(self)
            self._amount[rows] = np.asarray(amount_at(self.places(rows)))

    def batches(self, rng: np.random.Generator, masses: np.ndarray, number: int, size: int) -> Batches:
        """So many batches of so many places."""
        weights = self.weights(masses)
        shares = weights * self._amount[: len(self)]
        flat = 1.0 / len(self)
        total = np.sum(shares)
        shares = shares / total if total > 0.0 else np.full(len(self), flat)
        chances = FLAT * flat + (1.0 - FLAT) * shares
        drawn = np.cumsum(chances)
        rows = np.searchsorted(drawn, rng.random(number * size) * drawn[-1])
        rows = np.minimum(rows, len(self) - 1)
        places = self.places(rows, (number, size, 1))
        return Batches(places, (weights[rows] / chances[rows]).astype(DTYPE).reshape(number, size, 1))
