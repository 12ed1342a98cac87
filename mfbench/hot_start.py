"""Where transitions are rare, training begins again with hot walkers, which cool (decision 0078).

Walkers then hardly exchange basins, and the energy leaves undetermined what they alone would tell: how much of the flux each
channel takes, and how high the rate is. Walkers at several times the temperature cross barriers. They, their windows and the
solution of their process stay together while they cool to the problem's own temperature.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mfbench.solver import Context

SURE, RARE = 500, 22.0
"""Updates after which windows tell whether transitions are rare; logits that they reach over where transitions are."""
LATEST = 2000
"""Updates up to which training begins again: what was learned later on is worth more than what hot walkers would find."""
COLD = 0.4
"""Share of a run after which walkers are as cold as the problem."""
FIRST = 0.2
"""Share of a run up to which training begins again: there must be time to cool."""


def rare(updates: int, reports: Mapping[str, Any]) -> bool:
    """Whether windows reach so far that barriers are many kT high.

    Args:
        updates: that were made.
        reports: numbers or arrays of one, among them the logits `window_low` and `window_high` between which windows stand.
    """
    return updates >= SURE and float(reports["window_high"] - reports["window_low"]) > RARE


def share_of_run(planned: int, context: Context, updates: int) -> float:
    """That is over after so many updates of those planned, or 0; 1 where nobody knows how long it takes."""
    known = [updates / planned] if planned else []
    if math.isfinite(context.budget):
        known.append(context.elapsed() / context.budget)
    return max(known, default=1.0)


def told(reports: Mapping[str, Any], heat: float) -> dict[str, Any]:
    """What may be told of walkers of such a heat, and the heat: what hot walkers see is no rate of this process."""
    return {name: value for name, value in reports.items() if heat == 1.0 or not name.startswith("rate")} | {
        "heat": heat
    }


class HotStart:
    """Whether training begins again, and how hot walkers are since then.

    Args:
        heat: temperature over the problem's at which they begin, > 1.
    """

    def __init__(self, heat: float) -> None:
        self._heat = heat
        self._begun: float | None = None

    def due(self, updates: int, share: float, reports: Mapping[str, Any]) -> bool:
        """Whether training is to begin again now, after so many updates and such a share of the run; once at most."""
        late = updates > LATEST or share > FIRST
        if self._begun is not None or late or not rare(updates, reports):
            return False
        self._begun = share
        return True

    def heat(self, share: float) -> float:
        """Temperature over the problem's after such a share of the run: its logarithm falls steadily to 0."""
        if self._begun is None:
            return 1.0
        return float(self._heat ** max(0.0, (COLD - share) / (COLD - self._begun)))
