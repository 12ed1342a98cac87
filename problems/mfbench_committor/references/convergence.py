"""Error bars from three grids, each halving the one before, and from one that is cut off later."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SAFETY = 3.0
"""On Richardson's estimate (Roache 1994, grid convergence index; he takes 1.25 for three grids)."""


@dataclass(frozen=True, kw_only=True)
class Convergence:
    """How one quantity changed.

    Args:
        steps: distances between the grids of spacing h and h/2, and h/2 and h/4.
        cut: distance between two grids of spacing h/2, one cut off at a lower density.
        highest: the exponent of h that the elements allow.
    """

    steps: tuple[float, float]
    cut: float
    highest: float

    @classmethod
    def of(cls, values: Sequence[Any], norm: Callable[[Any], float], highest: float) -> Convergence:
        """Of one quantity on the grids h, h/2, h/4, and h/2 cut off later."""
        coarse, middle, fine, deeper = values
        return cls(
            steps=(norm(middle - coarse), norm(fine - middle)), cut=norm(deeper - middle), highest=highest
        )

    @property
    def order(self) -> float:
        """Observed exponent of h in the error; infinite where the finer step is 0."""
        coarse, fine = self.steps
        if fine == 0.0:
            return math.inf
        return math.log2(coarse / fine) if coarse > 0.0 else -math.inf

    @property
    def error_bar(self) -> float:
        """Three times Richardson's estimate of the finest grid's error, fine step / (2^p - 1), plus the cut.

        The observed order p counts only between 1 and `highest`.
        """
        order = min(max(self.order, 1.0), self.highest)
        return SAFETY * self.steps[1] / (2.0**order - 1.0) + self.cut

    def facts(self) -> dict[str, object]:
        """For the file beside the data."""
        return {"steps_between_grids": self.steps, "effect_of_cut": self.cut, "observed_order": self.order}
