"""Walkers in umbrella windows along the newest solution, and points near them with what the equation needs there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import tanh_network, umbrella, watch
from .backward_equation import Points, surveyor
from .compiled import once
from .departure import FIRST_SIZE, departure
from .distance_lift import DistanceLift
from .drift import drift
from .keys import root_key
from .landscape import SURVEYED, Places, energy_of, survey
from .network_inputs import NetworkInputs
from .pool import strewn
from .sampler import Walkers
from .tanh_network import TanhNetwork
from .umbrella import Seen, Umbrella


class PoolWalkers:
    """Walkers from A and B, and the points that they lead to.

    Args:
        problem: in scaled coordinates.
        lift: of the logit.
        inputs: of the network.
        logit: (network in single precision, Places) -> Walkers.
        ladders, windows, moves: of the walkers.
        rng: of everything drawn here.
        begun: the trial's step at which they begin.

    Attributes:
        state: the walkers as they stand.
        seen: what they saw last; None before their first look.
    """

    def __init__(
        self,
        problem: CommittorProblem,
        lift: DistanceLift,
        inputs: NetworkInputs,
        logit: Callable[[Any, Places], Walkers],
        ladders: int,
        windows: int,
        moves: int,
        rng: np.random.Generator,
        begun: int = 0,
    ) -> None:
        visit = survey(problem, lift)
        self._problem, self._rng = problem, rng
        self._number, self._moves, self._before = ladders * windows, moves, begun
        self._surveyed = 2 * SURVEYED  # here and for `_energies`
        # From a hot equation to the given one windows have far to go; their masses count only once they are held (`rest`).
        self._look = umbrella.looker(
            visit, logit, moves, memory=umbrella.ALL, escaped=watch.counter(problem.box), settling=False
        )
        self._begun = once(lambda x: umbrella.umbrella(visit(x), FIRST_SIZE, watched=True, fluxes=True))
        x = departure(rng, problem.start_a, problem.start_b, ladders, windows)
        self.state = self._begun(jnp.asarray(x, umbrella.DTYPE))
        self.seen: Seen | None = None
        self._key = root_key(int(rng.integers(2**31)))
        self._energies = jax.jit(energy_of(problem))
        self._points_at = surveyor(lambda u: -problem.beta * drift(problem, u), lift, inputs.jet)

    @property
    def evaluations(self) -> int:
        """Places at which V or its gradient was evaluated."""
        return self._surveyed + self._number * (1 + int(self.state.look) * self._moves)

    @property
    def samples(self) -> int:
        """Places that were looked at."""
        return self._number * int(self.state.look)

    @property
    def escaped(self) -> float:
        """Walkers outside the box, summed over looks."""
        return float(self._watch.escaped)

    def adopt(self, others: Umbrella, steps: int) -> None:
        """Stand where others do, in their windows, after so many steps of theirs."""
        self._before = steps
        self._surveyed += self._number
        self.state = self.state._replace(
            since=jnp.zeros((), int),
            places=self._begun(others.places.x).places,
            sizes=others.sizes,
            placement=others.placement,
        )

    def back(self, before: Umbrella) -> None:
        """Stand where they stood before; their work since then counts, and what was noticed."""
        self.state = before._replace(look=self.state.look, watch=self.state.watch)

    def points(self, u: np.ndarray) -> Points:
        """Near places (..., L, d): some of them moved, those outside A and B, where all that is needed is finite."""
        u, sizes = np.asarray(u, np.float64), np.asarray(self.state.sizes, np.float64)
        u = strewn(self._rng, u, sizes, self._energy)
        u = u.reshape(-1, self._problem.dim)
        points = self._points_at(u)
        self._surveyed += len(u)
        usable = np.array(~(self._problem.in_a(u) | self._problem.in_b(u)))
        for part in jax.tree.leaves(points):
            usable &= np.all(np.isfinite(part.reshape(len(u), -1)), axis=1)
        return jax.tree.map(lambda part: part[usable], points)

    def fresh(self, net: TanhNetwork, looks: int, pause: int) -> Points:
        """Points of so many looks along a network's solution, each the last of `pause`.

        Raises:
            Diverged: beta V was not finite at a place that a walker tried.
        """
        guide = tanh_network.cast(net, umbrella.DTYPE)
        places = []
        for _ in range(looks):
            for _ in range(pause):
                self._advance(guide)
            places.append(self.state.places.x)
        watch.check(self._watch, int(self.state.look), begun=self._before)
        return self.points(np.asarray(places))

    def _energy(self, u: np.ndarray) -> np.ndarray:
        """beta V at u (n, d), (n,), but for a constant."""
        self._surveyed += len(u)
        return np.asarray(self._energies(u))

    @property
    def _watch(self) -> watch.Watch:
        found = self.state.watch
        assert found is not None, "they are watched from the start"
        return found

    def _advance(self, guide: TanhNetwork) -> None:
        key = jax.random.fold_in(self._key, int(self.state.look))
        self.state, self.seen = self._look(guide, self.state, key)
