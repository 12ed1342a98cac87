"""References: true answers with their error bars."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A true answer, its error bar, and how both were obtained. No error bar, no reference.

    Args:
        quantity: what is meant, with its unit: "nu, transitions A->B per unit time".
        value: the number; None where the answer is a function (the judge keeps its values).
        tolerance: absolute error bar; for a function, in units of the headline metric.
        method: "exact", "quadrature", "finite elements", "long run", ...
        source: formula or paper, or the module that computes it.

    Raises:
        ValueError: when the tolerance is not a finite number >= 0.
    """

    quantity: str
    value: float | None
    tolerance: float
    method: str
    source: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(
                f"Reference({self.quantity!r}): tolerance is {self.tolerance!r}; "
                "expected a finite number >= 0. A reference without an error bar is none."
            )
