"""Adam on the Ritz energy over weighted walkers: noisy, but it leads from everywhere to the neighbourhood of q."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import running
from .descent import anytime, tail_average
from .landscape import Places
from .ritz import energy_density
from .running import Running
from .sampler import Walkers
from .umbrella import Seen

RATE, WARM_UP, HALVING = 3e-3, 50, 1000
LARGEST_GRADIENT = 10.0
AVERAGING = 8.0
LEAST_OVERLAP = 2e-3
"""Share that every window must have in its neighbours. Below, the weights on both sides are not known against each other, and
the energy could be lowered by moving the transition to where no walker is."""
FEWEST, SETTLED = 300, 0.2
"""Updates at least, and the fall of the energy's logarithm from one quarter of them to the next at which it has settled."""

_overlap = jax.jit(running.least_overlap)


class RitzDescent:
    """Parameters on their way down the Ritz energy, one update for each look at the walkers."""

    def __init__(self, logit: Callable[[Any, Places], Walkers], params: Any) -> None:
        self._state, self._descend = _descent(logit, params)
        self._energies: list[float] = []

    @property
    def average(self) -> Any:
        """The answer: parameters averaged over the last updates."""
        return self._state.average

    @property
    def energy(self) -> float:
        """Running; 0 before the first update."""
        return float(self._state.energy)

    @property
    def settled(self) -> bool:
        """Whether the mean logarithm of the energy over the last quarter of the updates is hardly below that of the quarter before."""
        share = len(self._energies) // 4
        if len(self._energies) < FEWEST:
            return False
        late, before = self._energies[-share:], self._energies[-2 * share : -share]
        return bool(np.mean(np.log(before)) - np.mean(np.log(late)) < SETTLED)

    def update(self, seen: Seen, along: Running) -> None:
        """One step, if the windows have met.

        Args:
            seen: the walkers along the averaged solution, and their weights.
            along: what the running averages hold, the overlaps among them.
        """
        if float(_overlap(along)) > LEAST_OVERLAP:
            self._state = self._descend(self._state, seen)
            self._energies.append(self.energy)


class _Descent(NamedTuple):
    """Parameters that are trained, their average, the optimiser's moments, and the running energy."""

    step: jax.Array
    params: Any
    average: Any
    moments: Any
    energy: jax.Array


def _descent(
    logit: Callable[[Any, Places], Walkers], params: Any
) -> tuple[_Descent, Callable[[_Descent, Seen], _Descent]]:
    """The start, and the compiled step; the weights are held fixed, and the running energy is the unit."""
    optimiser = optax.chain(
        optax.clip_by_global_norm(LARGEST_GRADIENT), optax.adam(anytime(RATE, WARM_UP, HALVING))
    )

    @jax.jit
    def descend(state: _Descent, seen: Seen) -> _Descent:
        places = seen.walkers.places

        def energy(params: Any) -> jax.Array:
            walkers = logit(params, places)
            density = energy_density(walkers.s, walkers.s_slope, places.free)
            return jnp.sum(jnp.mean(seen.weights * density, axis=0))

        value, gradient = jax.value_and_grad(energy)(state.params)
        time = state.step.astype(value.dtype)
        # The energy spans many decades between problems.
        unit = state.energy + jnp.maximum(1.0 / (time + 1.0), 0.05) * (value - state.energy)
        gradient = jax.tree.map(lambda part: part / (unit + 1e-30), gradient)
        change, moments = optimiser.update(gradient, state.moments, state.params)
        params = optax.apply_updates(state.params, change)
        average = tail_average(state.average, params, time, AVERAGING)
        return _Descent(state.step + 1, params, average, moments, unit)

    zero = jnp.zeros((), jax.tree.leaves(params)[0].dtype)
    return _Descent(jnp.asarray(0), params, params, optimiser.init(params), zero), descend
