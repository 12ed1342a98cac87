"""What every judge can do: name its points, and turn values at them into metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from mfbench.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """The points at which a judge wants a solution's values.

    Args:
        looks: (n, d) float64, evaluated at every look; the headline metric needs only these.
        finals: (m, d) float64, evaluated at the scored checkpoint alone.
        gradients: (k, d) float64, where the scored checkpoint's gradient is wanted.
        step: width h of the central difference (f(x + h e_i) - f(x - h e_i)) / 2h that
            stands in for a solution without `gradient`.
    """

    looks: np.ndarray
    finals: np.ndarray
    gradients: np.ndarray
    step: float = 1e-4


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A solution's float64 values at the points of an `Inquiry`.

    `finals` and `gradients` are None when the trial died before they were taken;
    `reports` is what the solver said of itself.
    """

    looks: np.ndarray
    finals: np.ndarray | None = None
    gradients: np.ndarray | None = None
    reports: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Score:
    """One metric of one solution: smaller is better, differences below `floor` mean nothing.

    `standard_error` is the sampling error of the judge's own points, if it has one;
    `signed` keeps the sign where `value` is an absolute value.
    """

    value: float
    floor: float = 0.0
    standard_error: float | None = None
    signed: float | None = None


class Judge(Protocol):
    """What belongs to a problem and no solver ever gets."""

    @property
    def headline_name(self) -> str:
        """Which of the task's headline metrics ranks this problem; targets and floor are in its unit."""

    @property
    def references(self) -> tuple[Reference, ...]:
        """The true answers with error bars, the headline's first."""

    @property
    def inquiry(self) -> Inquiry:
        """Where a solution is to be evaluated."""

    @property
    def floor(self) -> float:
        """Differences of the headline metric below this mean nothing."""

    def headline(self, looks: np.ndarray) -> Score:
        """The headline metric from the values at `inquiry.looks`; NaN values give NaN."""

    def metrics(self, answers: Answers) -> dict[str, Score]:
        """Every metric that these answers allow, the headline's name first."""
