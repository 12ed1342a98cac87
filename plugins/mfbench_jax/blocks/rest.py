"""When a solution has come to rest, so that what walkers see along it counts for the rate.

While z moves, windows and walkers go with it: what was seen then says little of the rate along the solution that is handed
over, and means that hold it are wrong for long.
"""

from __future__ import annotations

import numpy as np

from . import umbrella
from .umbrella import Seen, Umbrella

SETTLED = 100
"""Looks along an accurate solution until windows stand where they belong, with which the rate's means begin, and again as
many until the rate is told."""
FALLEN = 0.1
"""Residual, in units of that when the rate's means began, below which they begin anew: in the basins z still moved."""
RESTFUL, RESTING = 4, 16
"""Times as many looks for each pool once the solution is accurate, and once it has not become so much better for long: the
rate gains more by them than the solution by steps."""


class Rest:
    """Whether the solution rests.

    Attributes:
        rates: what is told of the rate; empty until it can be.
    """

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}
        self._level, self._settled = np.inf, False

    def patience(self, accurate: bool) -> int:
        """Times as many looks for the next pool."""
        return RESTING if self._settled else RESTFUL if accurate else 1

    def tell(self, state: Umbrella, seen: Seen, beta: float) -> dict[str, float]:
        """The newest rates that can be told, given the walkers and what they saw last."""
        if self._settled and int(state.since) >= SETTLED:
            self.rates = umbrella.reports(state, seen, beta)
        return self.rates

    def after(self, state: Umbrella, residual: float, accurate: bool) -> Umbrella:
        """The walkers once steps have left such a residual; their means begin anew where the solution moved, or once windows
        stand."""
        if not accurate or residual < FALLEN * self._level:
            self._level, self._settled = residual, False
            state = umbrella.forgotten(state)
        elif not self._settled and int(state.since) >= SETTLED:
            self._settled = True
            state = umbrella.forgotten(state)
        if not accurate:
            self.rates = {}
        return state
