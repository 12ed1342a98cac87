"""The training by the Ritz energy that leads `gauss-newton` where the equation alone does not: that of `is-sgd`, never hot.

It has its own network, lift and walkers. Distances to A and B make a lift for an equation, exact to the second derivative
next to the sets and flat further on; the smoother one of the boundary functions' values lets windows meet sooner.
"""

from __future__ import annotations

from collections import deque
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import hot_start
from mfbench.tasks.committor import CommittorProblem

from . import levels, network, running, watch
from .ansatz import Solution, ansatz
from .coordinate import LOGIT
from .departure import FIRST_SIZE, departure
from .descent import anytime
from .keys import root_key
from .landscape import SURVEYED, survey
from .lift import lift_of
from .network_inputs import NetworkInputs
from .penalty import at_walkers, make_penalty
from .ritz_descent import bounded_adam, with_share
from .ritz_training import DTYPE, make_training
from .sampling import in_windows
from .umbrella import MEMORY, Umbrella

WIDTH, DEPTH, LIFT_DEPTH = 64, 2, 0.2
RATE, WARM_UP, HALVING, PENALTY = 3e-3, 50, 1000, 100.0
FEWEST, SETTLED = 1000, 0.2
"""Updates at least, and the fall of the energy's logarithm from one quarter of them to the next at which it has settled."""
AGREEING, LATEST = 0.3, 3000
"""Relative difference of the rates by the slab and by the Dirichlet form, which are one at f = q, within which an energy
that stands still has settled: on a plateau it also stands still. Nothing is asked of them after so many updates."""
KNOWN = 0.1
"""Relative error of the rate by the Dirichlet form below which the windows' masses are known."""
KEPT = 48
"""Looks whose places are kept: those of few are too much alike for the network that learns from them."""


class EnergyLead:
    """A committor on its way down the Ritz energy.

    Args:
        problem: in scaled coordinates.
        inputs: of the network.
        ladders, windows, moves: of its walkers.
        seeds: of its random numbers.

    Attributes:
        lift, model: of the solution.
        solution: the newest.
        reports: what is told of it.
    """

    def __init__(
        self,
        problem: CommittorProblem,
        inputs: NetworkInputs,
        ladders: int,
        windows: int,
        moves: int,
        seeds: np.random.SeedSequence,
    ) -> None:
        lift = self.lift = lift_of(problem, LIFT_DEPTH)
        self.model = ansatz(problem, lift, lambda params, u: network.apply(params, inputs.values(u)))
        self._training = make_training(
            problem,
            self.model,
            in_windows(survey(problem, lift), self.model.walkers, FIRST_SIZE, LOGIT, moves, True, MEMORY),
            partial(network.perceptron, dim=inputs.number, width=WIDTH, depth=DEPTH, dtype=DTYPE),
            bounded_adam(anytime(RATE, WARM_UP, HALVING)),
            make_penalty(at_walkers, PENALTY),
        )
        x = departure(np.random.default_rng(seeds), problem.start_a, problem.start_b, ladders, windows)
        self._state = self._training.begin(root_key(int(seeds.generate_state(1)[0])), np.asarray(x, DTYPE))
        self._moves, self._walkers = moves, ladders * windows
        self._places: deque[np.ndarray] = deque([x], maxlen=KEPT)
        self._energies: list[float] = []
        self._logit = jax.jit(
            lambda params, shift, u: levels.shifted(
                shift, self.model.logit(jax.tree.map(lambda part: part.astype(jnp.float64), params), u)
            )
        )
        self.solution = Solution(self._state.training.params)
        self.reports: dict[str, float] = {"walkers_escaped": 0.0}

    def advance(self, share: float = 1.0) -> None:
        """A few updates, of which the steps have a share of their usual length.

        Raises:
            Diverged: an energy is no finite number.
        """
        state = self._state._replace(training=with_share(self._state.training, share))
        self._state = self._training.advance(state, None)
        self.solution, said = self._training.told(self._state)
        energy = float(self._state.training.energy)
        watch.check(self._state.walkers.watch, self.steps, energy)
        self.reports = running.told(said) | {"ritz_energy": energy}
        self._energies.append(energy)
        self._places.append(np.asarray(self._state.walkers.places.x, np.float64))

    @property
    def steps(self) -> int:
        """Updates so far."""
        return int(self._state.training.step)

    @property
    def _looks(self) -> int:
        return int(self._state.walkers.look)

    @property
    def evaluations(self) -> int:
        """Places at which V and its gradient were evaluated."""
        return SURVEYED + self._walkers * (1 + self._looks * self._moves)

    @property
    def samples(self) -> int:
        """Places that were looked at."""
        return self._walkers * self._looks

    @property
    def escaped(self) -> float:
        """Walkers outside the box, summed over looks."""
        return self.reports["walkers_escaped"]

    @property
    def walkers(self) -> Umbrella:
        """As they stand."""
        return self._state.walkers

    def rounds(self, rng: np.random.Generator, looks: int, most: int) -> list[np.ndarray]:
        """Where walkers were lately, each window's places at random: rounds of so many looks, (looks, R, L, d).

        Args:
            rng: that draws them.
            looks: of a round; all rounds are alike, so that nothing is compiled for another size.
            most: places in all, but for one round at least.
        """
        ladders, windows, dim = self._places[-1].shape
        mixed = rng.permutation(np.stack(list(self._places)).reshape(-1, windows, dim))
        number = max(1, min(most // (looks * self._walkers), len(mixed) // (looks * ladders)))
        return [
            part.reshape(-1, ladders, windows, dim)
            for part in np.split(mixed[: number * looks * ladders], number)
        ]

    def logit(self, u: np.ndarray) -> np.ndarray:
        """Of the solution at u (n, d), (n,)."""
        return np.asarray(self._logit(self.solution.network, self.solution.shift, u))

    @property
    def settled(self) -> bool:
        """Whether log energy over the last quarter of the updates is in the mean hardly below that of the quarter before,
        and what is told of the rate does not contradict."""
        if self.steps < FEWEST or not (self._agree or self.steps >= LATEST):
            return False
        share = len(self._energies) // 4
        heights = np.log(np.maximum(self._energies, np.finfo(float).tiny))
        return bool(np.mean(heights[-2 * share : -share]) - np.mean(heights[-share:]) < SETTLED)

    @property
    def _agree(self) -> bool:
        """Whether the two rates that are told do."""
        told = self.reports
        return self._rated and abs(told["rate"] - told["rate_dirichlet"]) < AGREEING * told["rate_dirichlet"]

    @property
    def _rated(self) -> bool:
        """Whether both rates are told."""
        return self.reports.keys() >= {"rate", "rate_dirichlet"}

    @property
    def sure(self) -> bool:
        """Whether there is a rate, and its ladders agree on it."""
        told = self.reports
        return self._rated and told["rate_dirichlet_error"] < KNOWN * told["rate_dirichlet"]

    @property
    def rare(self) -> bool:
        """Whether transitions are."""
        return hot_start.rare(self.steps, self.reports)
