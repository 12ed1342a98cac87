"""The rate of transitions from those of its two halves, with its error."""

from __future__ import annotations

import math

import numpy as np


def of_halves(there: tuple[float, float], back: tuple[float, float]) -> dict[str, float]:
    """ "rate" nu = k_AB k_BA / (k_AB + k_BA) and "rate_error" from k_AB and k_BA with their errors; nothing where one is 0.

    The shares of time spent with A and with B hit last are in the inverse ratio of k_AB and k_BA.
    """
    (k_ab, error_ab), (k_ba, error_ba) = there, back
    if not (k_ab > 0 and k_ba > 0):
        return {}
    rate, both = k_ab * k_ba / (k_ab + k_ba), k_ab + k_ba
    error = math.hypot(error_ab * (k_ba / both) ** 2, error_ba * (k_ab / both) ** 2)
    return {"rate": rate, "rate_error": error, "rate_ab": k_ab, "rate_ba": k_ba}


def ratio(counts: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """Sum of counts (n,) over sum of times (n,), and its standard error by the spread over independent walkers."""
    whole = float(np.sum(times))
    rate = float(np.sum(counts)) / whole
    spread = np.sum((counts - rate * times) ** 2) * len(counts) / (len(counts) - 1)
    return rate, float(np.sqrt(spread)) / whole


class Rates:
    """Estimates of k_AB and k_BA, transitions per unit time spent with A, or with B, hit last.

    Each round gives for several independent groups of walkers how many transitions they had a share in, and their time.
    """

    def __init__(self) -> None:
        self._rounds: tuple[list[tuple[np.ndarray, np.ndarray]], ...] = ([], [])

    def add(self, side: int, crossed: np.ndarray, times: np.ndarray) -> None:
        """A round with home A (0) or B (1): transitions (m,), m >= 2, and times (m,) of each group."""
        self._rounds[side].append((crossed, times))

    def one_way(self, side: int) -> tuple[float, float]:
        """k and its standard error, from the groups of all rounds."""
        return ratio(*(np.concatenate(parts) for parts in zip(*self._rounds[side], strict=True)))

    def reports(self) -> dict[str, float]:
        """Those of `of_halves`, once both halves are known and not 0."""
        found = {f"rounds_{name}": float(len(self._rounds[side])) for side, name in enumerate("ab")}
        if not all(self._rounds):
            return found
        return found | of_halves(self.one_way(0), self.one_way(1))
