"""Where transitions are rare, training begins again with hot walkers, which cool (decision 0078).

Walkers then hardly exchange basins, and the energy leaves undetermined what they alone would tell: how much of the flux each
channel takes, and how high the rate is. Walkers at several times the temperature cross barriers. They, their windows and the
solution of their process stay together while they cool to the problem's own temperature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SURE, RARE = 500, 22.0
"""Updates after which windows tell whether transitions are rare; logits that they reach over where transitions are."""
LATEST = 2000
"""Updates up to which training begins again: what was learned later on is worth more than what hot walkers would find."""
COLD = 0.4
"""Share of a run after which walkers are as cold as the problem."""
FIRST = 0.2
"""Share of a run up to which training begins again: there must be time to cool."""


def rare(updates: int, reports: Mapping[str, Any]) -> bool:
    """Whether windows reach so far that barriers are many kT high."""
    return updates >= SURE and float(reports["window_high"] - reports["window_low"]) > RARE


class HotStart:
    """Whether training begins again, and how hot walkers are since then.

    Args:
        heat: temperature over the problem's at which they begin, >= 1; at 1 they never do.
    """

    def __init__(self, heat: float) -> None:
        self._heat = heat
        self._begun: float | None = None

    def due(self, updates: int, share: float, reports: Mapping[str, Any]) -> bool:
        """Whether training is to begin again now, after so many updates and such a share of the run; once at most."""
        if self._heat == 1.0 or self._begun is not None or updates > LATEST or share > FIRST:
            return False
        if not rare(updates, reports):
            return False
        self._begun = share
        return True

    def heat(self, share: float) -> float:
        """Temperature over the problem's after such a share of the run: its logarithm falls steadily to 0."""
        if self._begun is None:
            return 1.0
        return float(self._heat ** max(0.0, (COLD - share) / (COLD - self._begun)))
