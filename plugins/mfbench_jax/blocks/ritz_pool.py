"""The Ritz energy over all that walkers have seen in windows that stand: how a training ends whose equation is not held.

A training that follows its walkers (`energy_lead`) sees a place once, in batches of a few hundred, weighed by masses of
windows that moved a while ago. Here the solution that windows stand along is kept. So the masses are means over all the time
and get better with it, and what has been seen is learned from again (`archive`), in larger batches and without a move.

If there is time for it, pairs of trajectories run beside it from these places to their ends and tell the rate
(`reactive_shots`). Where that is not the energy's, places' weights are wrong or the network is too small; then their coins
are a second loss (`supervised`), which knows nothing of weights. Elsewhere it would add noise.

What is told of energies and levels is of places before they are learned from.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem

from . import levels, running, supervised, umbrella, watch
from .ansatz import Ansatz, Solution
from .archive import Archive, Batches
from .descent import anytime
from .guided_looks import LOOKS, Round, guided_looks, within_at
from .keys import root_key
from .landscape import SURVEYED, Places
from .lift import Lift
from .outcomes import Coins
from .penalty import at_walkers, make_penalty
from .reactive_shots import ReactiveShots, pace_of, reconciled
from .ritz import energy_density
from .ritz_descent import Descent, bounded_adam, make_descent, with_share
from .sampler import Walkers
from .supervised import Lesson
from .systematic import picks
from .umbrella import Umbrella
from .weighing import Seen

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
STRETCHES = 48
"""Of trajectories after each round, at most about as much work as the round."""
DOUBTED, COIN_WEIGHT = 2.0, 2.0
"""Standard errors by which pairs contradict the energy; weight of the coins' loss at most, in units of the energy."""
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
        shooting: whether trajectories run beside it.

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
        shooting: bool,
    ) -> None:
        self._guide, self._moves, self._before = found.network, moves, walkers
        self._state = umbrella.stilled(walkers)
        self._rng = np.random.default_rng(seeds)
        self._key = root_key(int(seeds.generate_state(1)[0]))
        ladders, windows = walkers.places.lift.shape
        self._archive = Archive(ladders, windows, problem.dim, MOST)
        self._seen = running.nothing(ladders, windows)
        self._within = np.zeros((ladders, windows))
        self._rounds, self._learned, self._anew = 0, 0, ANEW
        self._look = guided_looks(problem, lift, model, moves)
        begun, self._learn = _lessons(model)
        self._training: Descent = begun(found.network)
        self._heights = _heights(model)
        self._told = jax.jit(
            lambda seen, low, high: (running.reports(seen, problem.beta), running.shift(seen, low, high))
        )
        self._masses = jax.jit(running.weights_of)
        self._slab = jax.jit(lambda seen: running.jackknife(lambda energy: energy[..., 0], seen))
        self._rate, self._asked = rate, 0
        self.solution, self.reports = found, {}
        for _ in range(RELAXED):
            self._gather()
        self._state = umbrella.stilled(self._state)
        for _ in range(FIRST):
            newest = self._gather()
            self._keep(newest)
        self._coins = Coins(problem.dim, supervised.CAPACITY)
        self._doubted = False
        self._shots = (
            self._begun(problem, model, newest, int(seeds.generate_state(2)[1])) if shooting else None
        )

    def advance(self, share: float = 1.0) -> None:
        """A round of looks, and updates of which the steps have a share of their usual length.

        Raises:
            Diverged: beta V was not finite at a place that a walker or a trajectory tried.
        """
        newest = self._gather()
        self._keep(newest)
        self._shoot(newest)
        masses = np.asarray(self._masses(self._seen))
        if self._learned >= self._anew:
            self._archive.look_again(
                lambda places: self._heights(self._training.average, places)[1], LOOKS * self._number
            )
            self._learned, self._anew = 0, round(OFTENER * self._anew)
        batches = self._archive.batches(self._rng, masses, UPDATES, BATCH)
        lesson = supervised.lesson_of(self._coins, self._rng, UPDATES, COIN_WEIGHT) if self._doubted else None
        self._training = self._learn(with_share(self._training, share), batches, lesson)
        self._learned += UPDATES
        stand = self._state.placement
        said, shift = self._told(self._seen, stand.low, stand.high)
        self.solution = Solution(self._training.average, shift)
        told = running.told(said)
        self.reports = (
            told
            | self._rates(told)
            | {
                "ritz_energy": float(self._training.energy),
                "window_low": float(stand.low),
                "window_high": float(stand.high),
                "places": float(len(self._archive)),
                "pool_steps": float(self._training.step),
            }
        )

    @property
    def holds(self) -> bool:
        """Whether the rate by the slab, at new places, is about what it was when windows began to stand.

        Of the Dirichlet form a few steep places next to a set may be a third. Where walkers exchange too rarely, masses go
        on changing; then they were wrong, and a solution that is trained with them becomes a constant where mass is missing.
        """
        return self._rate / CHANGED < self.reports.get("rate_by_slab", 0.0) < CHANGED * self._rate

    @property
    def evaluations(self) -> int:
        """Places at which V and its gradient were evaluated."""
        shot = self._asked if self._shots is None else self._shots.evaluations
        return SURVEYED + self.samples * self._moves + shot

    @property
    def samples(self) -> int:
        """Places that were looked at."""
        return self._number * (int(self._state.look) - int(self._before.look))

    @property
    def escaped(self) -> float:
        """Walkers outside the box, summed over looks, and trajectories, over stretches."""
        shot = 0 if self._shots is None else self._shots.escaped
        return float(self._state.watch.escaped - self._before.watch.escaped) + shot

    @property
    def _number(self) -> int:
        """Of walkers."""
        return self._state.places.lift.size

    def _gather(self) -> Round:
        """A round of looks."""
        self._state, self._key, newest = self._look(self._guide, self._state, self._key)
        watch.check(self._state.watch, int(self._state.look))
        return newest

    def _keep(self, newest: Round) -> None:
        """Learn what the solution's energy is there, and let them join the others."""
        places, inverse = newest.places, newest.inverse
        flat = jax.tree.map(lambda part: part.reshape(-1, *part.shape[3:]), places)
        logit, density = (part.reshape(inverse.shape) for part in self._heights(self._training.average, flat))
        energy = jnp.mean(levels.binned(logit, density * inverse), axis=0, dtype=float)
        news = running.share_of_news(self._rounds, FEWEST, RECENT)
        self._rounds += 1
        energy = (1.0 - news) * self._seen.energy + news * energy
        self._seen = running.Running(self._state.seen.overlap, self._state.seen.inverse, energy)
        within = jnp.mean(newest.within * inverse, axis=0, dtype=float)
        self._within += (within - self._within) / self._rounds
        self._archive.add(places, np.asarray(inverse), np.asarray(density))

    def _begun(
        self, problem: CommittorProblem, model: Ansatz, newest: Round, seed: int
    ) -> ReactiveShots | None:
        """Trajectories, if they can run here: nothing else needs that V has second derivatives."""
        places, within = self._starts(newest, supervised.PROBED)
        self._asked = problem.dim * len(places)  # derivatives, whatever they say
        with suppress(Diverged):
            if len(places) and (pace := pace_of(problem, places, within)):
                return ReactiveShots(problem, within_at(model, self._guide), pace, seed)
        return None

    def _starts(self, newest: Round, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Places (number, d) and the guide's energy within the slab there, in proportion to it under mu; none, if none has
        been there."""
        within = np.asarray(newest.within, float).ravel()
        if not np.any(within):
            return np.empty((0, newest.places.x.shape[-1])), np.empty(0)
        masses = np.asarray(self._masses(self._seen))
        with np.errstate(divide="ignore"):
            chances = np.log(within * (np.asarray(newest.inverse, float) * masses).ravel())
        rows = self._rng.permutation(picks(chances, number, self._rng.random()))
        return np.asarray(newest.places.x).reshape(len(within), -1)[rows], within[rows]

    def _shoot(self, newest: Round) -> None:
        """Trajectories a few stretches further, those that start from these places."""
        if self._shots is None:
            return
        self._shots.start(*self._starts(newest, self._shots.wanted))
        for _ in range(STRETCHES):
            ended = self._shots.run()
            self._coins.add(ended.x, ended.y)

    def _rates(self, told: dict[str, float]) -> dict[str, float]:
        """The rate, by the slab alone as it was told or, once it is known, by pairs of trajectories as well."""
        if "rate" not in told:
            return {}
        slab, sampled = told["rate"], told["rate_sampling_error"]
        rates = {"rate_by_slab": slab, "rate_by_slab_error": sampled}
        if self._shots is None or (found := self._shots.per_energy) is None:
            return rates
        energy, doubt = map(float, self._slab(self._seen._replace(energy=self._within[..., None])))
        rate = found[0] * energy
        error = rate * math.hypot(doubt / energy, found[1] / found[0])
        self._doubted = abs(slab - rate) > DOUBTED * math.hypot(sampled, error)
        best = reconciled((slab, sampled), (rate, error))
        rates |= {"rate_by_shots": rate, "pairs": float(self._shots.pairs)}
        return rates | {"rate": best, "rate_error": error, "rate_sampling_error": error}


def _lessons(
    model: Ansatz,
) -> tuple[Callable[[Any], Descent], Callable[[Descent, Batches, Lesson | None], Descent]]:
    """Parameters -> a training that begins with them, and the compiled (training, batches, coins or None) -> training."""
    penalty, outcomes = make_penalty(at_walkers, PENALTY), supervised.make_loss(model.logit)
    begun, descend = make_descent(
        model.walkers,
        bounded_adam(anytime(RATE, WARM_UP, CONSTANT)),
        lambda *seen: penalty(*seen) + outcomes(*seen),
    )

    def learn(training: Descent, news: tuple[Batches, Lesson | None]) -> tuple[Descent, None]:
        batch, lesson = news
        seen = Seen(Walkers(batch.places, batch.places.lift, batch.places.lift_slope), batch.weights)
        return descend(training, seen, lesson), None

    return jax.jit(begun), jax.jit(
        lambda training, batches, lesson: jax.lax.scan(learn, training, (batches, lesson))[0]
    )


def _heights(model: Ansatz) -> Callable[[Any, Places], tuple[jax.Array, jax.Array]]:
    """The compiled (parameters, Places) -> logit and density of the energy."""

    @jax.jit
    def heights(params: Any, places: Places) -> tuple[jax.Array, jax.Array]:
        walkers = model.walkers(params, places)
        return walkers.s, energy_density(walkers.s, walkers.s_slope, places.free)

    return heights
