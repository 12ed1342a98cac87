"""The Ritz energy over all that walkers have seen in windows that stand: how a training ends whose equation is not held.

A training that follows its walkers (`energy_lead`) sees a place once, in batches of a few hundred, weighed by masses of
windows that moved a while ago. Here the solution that windows stand along is kept. So the masses are means over all the time
and get better with it, and what has been seen is learned from again (`archive`), in larger batches and without a move.

What is told of rates and levels is of places before they are learned from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench.tasks.committor import CommittorProblem

from . import levels, running, umbrella, watch
from .ansatz import Ansatz, Solution
from .archive import Archive, Batches
from .descent import anytime
from .emus import shares
from .keys import root_key
from .landscape import Places, survey
from .lift import Lift
from .penalty import at_walkers, make_penalty
from .ritz import energy_density
from .ritz_descent import Descent, bounded_adam, make_descent, with_share
from .sampler import Walkers
from .umbrella import Umbrella
from .weighing import Seen

LOOKS, PAUSE = 16, 8
"""Looks of a round whose places are kept, each the last of so many."""
UPDATES, BATCH = 64, 2048
"""After each round: batches, and places of each."""
RATE, WARM_UP, PENALTY = 3e-3, 50, 100.0
CONSTANT = 10**9
"""Updates over which the rate would halve: whoever ends the training lets it fall."""
RELAXED, FIRST = 2, 8
"""Rounds of looks in windows that stand before their places are kept and count for the masses, and then before masses
are known well enough to learn with them."""
MOST = 30_000_000
"""Numbers kept of places."""
RECENT, FEWEST = 0.2, 5
"""Share of the rounds over which energies are averaged, and rounds at least."""
CHANGED = 2.0
"""Times by which the rate may change: training takes a few tenths of it."""
ANEW, OFTENER = 1000, 1.3
"""Updates after which all places' energies are looked at again, and times as many until the next time."""


class RitzPool:
    """A committor whose energy falls further.

    Args:
        problem: in scaled coordinates.
        lift, model: of the solution.
        found: solution to go on from; windows stand along it.
        rate: by the slab, as it was told of it.
        walkers: in them.
        moves: Langevin steps of every walker before each look.
        seeds: of its random numbers.

    Attributes:
        solution: the newest.
        reports: what is told of it.
    """

    def __init__(
        self,
        problem: CommittorProblem,
        lift: Lift,
        model: Ansatz,
        found: Solution,
        rate: float,
        walkers: Umbrella,
        moves: int,
        seeds: np.random.SeedSequence,
    ) -> None:
        self._guide, self._moves, self._before = found.network, moves, walkers
        self._state = umbrella.stilled(walkers)
        self._rng = np.random.default_rng(seeds)
        self._key = root_key(int(seeds.generate_state(1)[0]))
        ladders, windows = walkers.places.lift.shape
        self._archive = Archive(ladders, windows, problem.dim, MOST)
        self._seen = running.nothing(ladders, windows)
        self._rounds, self._learned, self._anew = 0, 0, ANEW
        self._look = _looks(problem, lift, model, moves)
        begun, self._learn = _lessons(model)
        self._training: Descent = begun(found.network)
        self._heights = _heights(model)
        self._told = jax.jit(
            lambda seen, low, high: (running.reports(seen, problem.beta), running.shift(seen, low, high))
        )
        self._masses = jax.jit(running.weights_of)
        self._rate = rate
        self.solution, self.reports = found, {}
        for _ in range(RELAXED):
            self._gather()
        self._state = umbrella.stilled(self._state)
        for _ in range(FIRST):
            self._keep(*self._gather())

    def advance(self, share: float = 1.0) -> None:
        """A round of looks, and updates of which the steps have a share of their usual length.

        Raises:
            Diverged: beta V was not finite at a place that a walker tried.
        """
        self._keep(*self._gather())
        masses = np.asarray(self._masses(self._seen))
        if self._learned >= self._anew:
            self._archive.look_again(
                lambda places: self._heights(self._training.average, places)[1], LOOKS * self._number
            )
            self._learned, self._anew = 0, round(OFTENER * self._anew)
        batches = self._archive.batches(self._rng, masses, UPDATES, BATCH)
        self._training = self._learn(with_share(self._training, share), batches)
        self._learned += UPDATES
        stand = self._state.placement
        said, shift = self._told(self._seen, stand.low, stand.high)
        self.solution = Solution(self._training.average, shift)
        self.reports = running.told(said) | {
            "ritz_energy": float(self._training.energy),
            "window_low": float(stand.low),
            "window_high": float(stand.high),
            "places": float(len(self._archive)),
            "pool_steps": float(self._training.step),
        }

    @property
    def holds(self) -> bool:
        """Whether the rate by the slab, at new places, is about what it was when windows began to stand.

        Of the Dirichlet form a few steep places next to a set may be a third. Where walkers exchange too rarely, masses go
        on changing; then they were wrong, and a solution that is trained with them becomes a constant where mass is missing.
        """
        return self._rate / CHANGED < self.reports.get("rate", 0.0) < CHANGED * self._rate

    @property
    def evaluations(self) -> int:
        """Places at which V and its gradient were evaluated."""
        return self.samples * self._moves

    @property
    def samples(self) -> int:
        """Places that were looked at."""
        return self._number * (int(self._state.look) - int(self._before.look))

    @property
    def escaped(self) -> float:
        """Walkers outside the box, summed over looks."""
        return float(self._state.watch.escaped - self._before.watch.escaped)

    @property
    def _number(self) -> int:
        """Of walkers."""
        return self._state.places.lift.size

    def _gather(self) -> tuple[Places, jax.Array]:
        """Places (LOOKS, R, L) that walkers came to in a round, and 1 / c there."""
        self._state, self._key, places, inverse = self._look(self._guide, self._state, self._key)
        watch.check(self._state.watch, int(self._state.look))
        return places, inverse

    def _keep(self, places: Places, inverse: jax.Array) -> None:
        """Learn what the solution's energy is there, and let them join the others."""
        flat = jax.tree.map(lambda part: part.reshape(-1, *part.shape[3:]), places)
        logit, density = (part.reshape(inverse.shape) for part in self._heights(self._training.average, flat))
        energy = jnp.mean(levels.binned(logit, density * inverse), axis=0, dtype=float)
        news = running.share_of_news(self._rounds, FEWEST, RECENT)
        self._rounds += 1
        energy = (1.0 - news) * self._seen.energy + news * energy
        self._seen = running.Running(self._state.seen.overlap, self._state.seen.inverse, energy)
        self._archive.add(places, np.asarray(inverse), np.asarray(density))


def _looks(
    problem: CommittorProblem, lift: Lift, model: Ansatz, moves: int
) -> Callable[[Any, Umbrella, jax.Array], tuple[Umbrella, jax.Array, Places, jax.Array]]:
    """The compiled round: (guide, walkers, key) -> walkers, key, their places at LOOKS looks and 1 / c there."""
    look = umbrella.looker(
        survey(problem, lift), model.walkers, moves, memory=umbrella.ALL, escaped=watch.counter(problem.box)
    )

    @jax.jit
    def gathered(
        guide: Any, state: Umbrella, key: jax.Array
    ) -> tuple[Umbrella, jax.Array, Places, jax.Array]:
        def on(state: Umbrella, key: jax.Array) -> tuple[Umbrella, Walkers]:
            state, seen = look(guide, state, key)
            return state, seen.walkers

        def kept(state: Umbrella, keys: jax.Array) -> tuple[Umbrella, tuple[Places, jax.Array]]:
            state, passed = jax.lax.scan(on, state, keys)
            walkers = jax.tree.map(lambda part: part[-1], passed)
            return state, (walkers.places, jnp.exp(-shares(umbrella.biases_of(state, walkers))[1]))

        key, own = jax.random.split(key)
        state, (places, inverse) = jax.lax.scan(kept, state, jax.random.split(own, (LOOKS, PAUSE)))
        return state, key, places, inverse

    return gathered


def _lessons(model: Ansatz) -> tuple[Callable[[Any], Descent], Callable[[Descent, Batches], Descent]]:
    """Parameters -> a training that begins with them, and the compiled (training, batches) -> training."""
    begun, descend = make_descent(
        model.walkers,
        bounded_adam(anytime(RATE, WARM_UP, CONSTANT)),
        make_penalty(at_walkers, PENALTY),
    )

    def learn(training: Descent, batch: Batches) -> tuple[Descent, None]:
        places = batch.places
        return descend(training, Seen(Walkers(places, places.lift, places.lift_slope), batch.weights)), None

    return jax.jit(begun), jax.jit(lambda training, batches: jax.lax.scan(learn, training, batches)[0])


def _heights(model: Ansatz) -> Callable[[Any, Places], tuple[jax.Array, jax.Array]]:
    """The compiled (parameters, Places) -> logit and density of the energy."""

    @jax.jit
    def heights(params: Any, places: Places) -> tuple[jax.Array, jax.Array]:
        walkers = model.walkers(params, places)
        return walkers.s, energy_density(walkers.s, walkers.s_slope, places.free)

    return heights
