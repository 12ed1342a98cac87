"""References: true answers with their error bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


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


@dataclass(frozen=True, kw_only=True)
class SecondRoute:
    """The answer of a problem, found in another way than its judge's reference.

    Args:
        solution: (n, d) float64 points as solvers see them -> (n,) values of the answer.
        tolerance: its error, in the unit of the judge's headline metric.
        method: how it is found, in a few words.
        source: of the method.
    """

    solution: Callable[[np.ndarray], np.ndarray]
    tolerance: float
    method: str
    source: str
