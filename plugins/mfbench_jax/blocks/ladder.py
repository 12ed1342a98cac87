"""Which polynomials, and how many walkers, a sweep has after the ones before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

STEP = 2
"""By which a degree rises: a density that falls everywhere has an even one."""


class Rung(NamedTuple):
    """Total degree of polynomials in one, two, ... variables, least number of walkers, whether functions are bounded."""

    degrees: tuple[int, ...]
    walkers: int
    bounded: bool = False


class Ladder:
    """Up in degree while that helps, then in variables, then in walkers; what fails is tried with bounded functions.

    Args:
        degree: the first.
        order: variables in one polynomial, at most.
        walkers: at first.
        affordable: whether polynomials of such degrees are few enough.
    """

    def __init__(
        self, degree: int, order: int, walkers: int, affordable: Callable[[tuple[int, ...]], bool]
    ) -> None:
        self._lowest, self._order, self._affordable = degree, order, affordable
        self.rung = self._best = Rung((degree,), walkers)

    def climb(self, better: bool) -> None:
        """To the next rung, after whether the last was the best so far."""
        if not better and not self.rung.bounded:
            self.rung = self.rung._replace(bounded=True)
            return
        if better:
            self._best = self.rung
            higher = (*self.rung.degrees[:-1], self.rung.degrees[-1] + STEP)
            if self._affordable(higher):
                self.rung = self.rung._replace(degrees=higher)
                return
        # Mixed polynomials join the best ones; from the last time that failed, one variable more.
        wider = self._best.degrees + (self._lowest,) * max(
            1, len(self.rung.degrees) + 1 - len(self._best.degrees)
        )
        if len(wider) <= self._order and self._affordable(wider):
            self.rung = Rung(wider, self.rung.walkers, self._best.bounded)
        else:
            self.rung = Rung(self._best.degrees, 2 * self.rung.walkers, self._best.bounded)
