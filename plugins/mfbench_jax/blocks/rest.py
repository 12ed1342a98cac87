"""When a solution has come to rest, so that what walkers see along it counts for the rate.

While z moves, windows and walkers go with it: what was seen then says little of the rate along the solution that is handed
over, and means over windows that have moved are of no windows at all (`umbrella.stilled`). So there are three times, once z
is accurate: windows settle; walkers settle in windows that stand, along a solution that is kept for it; and what they see
counts. The equation goes on meanwhile: the law of its points is free.
"""

from __future__ import annotations

import numpy as np

from . import umbrella
from .tanh_network import TanhNetwork
from .umbrella import Seen, Umbrella

SETTLED, RELAXED, LONG = 80, 40, 100
"""Looks along an accurate solution until windows stand; in standing windows until means begin; until these are told."""
FALLEN = 0.1
"""Residual, in units of that of the solution that walkers follow, below which they follow a new one: in the basins z still
moved."""
RESTFUL, RESTING = 4, 16
"""Times as many looks for each pool once the solution is accurate, and once what is seen counts: the rate gains more by them
than the solution by steps."""


class Rest:
    """Whether the solution rests.

    Attributes:
        rates: what is told of the rate; empty until it can be.
        guide: the solution that walkers follow while windows stand; None where they follow the newest one.
    """

    def __init__(self) -> None:
        self.rates: dict[str, float] = {}
        self.guide: TanhNetwork | None = None
        self._level, self._counts = np.inf, False

    def patience(self, accurate: bool) -> int:
        """Times as many looks for the next pool."""
        return RESTING if self._counts else RESTFUL if accurate else 1

    def tell(self, state: Umbrella, seen: Seen, beta: float) -> dict[str, float]:
        """The newest rates that can be told, given the walkers and what they saw last."""
        if self._counts and int(state.since) >= LONG:
            self.rates = self.rates | umbrella.reports(state, seen, beta)
        return self.rates

    def after(
        self, state: Umbrella, residual: float, accurate: bool, net: TanhNetwork, known: dict[str, float]
    ) -> Umbrella:
        """The walkers once steps have led to a solution with such a residual; `known` are the rates of the best one, which
        is the answer while it is not accurate."""
        if not accurate:
            return self.broken(state, known)
        since = int(state.since)
        if self.guide is None:
            if since >= SETTLED:
                self.guide, self._level = net, residual
                state = umbrella.stilled(state)
        elif residual < FALLEN * self._level:
            self.guide, self._counts = None, False  # what was told stands until there is something better
            state = umbrella.forgotten(state)
        elif not self._counts and since >= RELAXED:
            self._counts = True
            state = umbrella.stilled(state)
        return state

    def broken(self, state: Umbrella, rates: dict[str, float]) -> Umbrella:
        """The walkers where the solution is another one, of which such rates were told: nothing that was seen counts."""
        self.rates, self.guide, self._counts = rates, None, False
        return umbrella.forgotten(state)
