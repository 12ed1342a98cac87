"""The way down the Ritz energy by Adam that leads `gauss-newton` where the equation alone does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

from . import running
from .descent import anytime
from .landscape import Places
from .ritz_descent import bounded, make_descent
from .running import Running
from .sampler import Walkers
from .weighing import Seen

RATE, WARM_UP, HALVING = 3e-3, 50, 1000
LEAST_OVERLAP = 2e-3
"""Share that every window must have in its neighbours. Below, the masses on both sides are not known against each other,
and the energy could be lowered by moving the transition to where no walker is."""
SELDOM = 10
"""Looks for one update while windows have not met: they may never meet along the solution as it is."""
FEWEST, SETTLED = 300, 0.2
"""Updates at least, and the fall of the energy's logarithm from one quarter of them to the next at which it has settled."""

_overlap = jax.jit(running.least_overlap)


class EnergyLead:
    """A network on its way down the Ritz energy, one update for each look at the walkers."""

    def __init__(self, logit: Callable[[Any, Places], Walkers], net: Any) -> None:
        begun, self._descend = make_descent(logit, bounded(optax.adam(anytime(RATE, WARM_UP, HALVING))))
        self._state = begun(net)
        self._energies: list[float] = []
        self._waited = 0

    @property
    def average(self) -> Any:
        """The answer: the network averaged over the last updates."""
        return self._state.average

    @property
    def energy(self) -> float:
        """Running; 0 before the first update."""
        return float(self._state.energy)

    @property
    def settled(self) -> bool:
        """Whether log energy over the last quarter of the updates is in the mean hardly below that of the quarter before."""
        if len(self._energies) < FEWEST:
            return False
        share = len(self._energies) // 4
        late, before = self._energies[-share:], self._energies[-2 * share : -share]
        return bool(np.mean(np.log(before)) - np.mean(np.log(late)) < SETTLED)

    def update(self, seen: Seen, along: Running) -> None:
        """One step, if the windows have met or were waited for.

        Args:
            seen: the walkers along the averaged solution, and their weights.
            along: the running averages, the overlaps among them.
        """
        self._waited += 1
        if float(_overlap(along)) > LEAST_OVERLAP or self._waited == SELDOM:
            self._waited = 0
            self._state = self._descend(self._state, seen)
            self._energies.append(self.energy)
