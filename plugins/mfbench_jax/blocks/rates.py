"""The rate of transitions from those of its two halves, with its error."""

from __future__ import annotations

import math

import numpy as np

from .exits import Exits


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


class Rates:
    """Estimates of k_AB and k_BA, transitions per unit time spent with A, or with B, hit last.

    Each round gives one flux and, from independent replicas, several probabilities for it.
    """

    def __init__(self) -> None:
        self._rounds: tuple[list[tuple[Exits, np.ndarray]], ...] = ([], [])

    def add(self, side: int, exits: Exits, probabilities: np.ndarray) -> None:
        """A round with home A (0) or B (1), and the replicas' probabilities (m,), m >= 2."""
        self._rounds[side].append((exits, probabilities))

    def one_way(self, side: int) -> tuple[float, float]:
        """k and its standard error: a mean over rounds, each of them flux x mean probability."""
        means, variances = [], []
        for exits, p in self._rounds[side]:
            mean, error = float(np.mean(p)), float(np.std(p, ddof=1)) / math.sqrt(len(p))
            means.append(exits.flux * mean)
            variances.append((exits.flux * error) ** 2 + (exits.error * mean) ** 2)
        number = len(means)
        return sum(means) / number, math.sqrt(sum(variances)) / number

    def reports(self) -> dict[str, float]:
        """Those of `of_halves`, once both halves are known and not 0."""
        found = {f"rounds_{name}": float(len(self._rounds[side])) for side, name in enumerate("ab")}
        if not all(self._rounds):
            return found
        return found | of_halves(self.one_way(0), self.one_way(1))
