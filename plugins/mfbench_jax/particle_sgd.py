"""`particle-sgd`: a mean-field network trained by plain SGD on the Ritz energy over unbiased samples.

The network's n units are particles theta_i = (c_i, w_i, b_i); the free part of the logit is

    g(x) = (1/n) sum_i c_i tanh(w_i . x + b_i),

and one update moves every particle by dt in particle time, theta_i <- theta_i - dt n grad_{theta_i} L: no 1/n in
the step, so that the motion has a limit as n grows (Rotskoff, Vanden-Eijnden, arXiv 1805.00915). L is the mean of
|grad f|^2 over walkers that follow the invariant measure, in units of its first value. Where transitions are
rare no walker ever sees one, and the energy that it minimises is that of the basins: the failure that active
importance sampling mends. The reported rate is L over beta, a mean over updates that weighs late ones more, and its error
the spread over groups of walkers: it knows the sampling, neither how far f is from q nor a crossing that no walker has made.

With [heat=h] walkers follow the law of h T instead and L is their weighted mean, self-normalised in every step
(`blocks/hot_law.py`): an older remedy (Khoo, Lu, Ying; Li, Lin, Ren, arXiv 1906.06285), whose weights collapse where many
directions share the energy. `weight_ess` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import network, watch
from .blocks.ansatz import ansatz, scale_of
from .blocks.departure import FIRST_SIZE, departure
from .blocks.descent import tail_average
from .blocks.emus import effective_share
from .blocks.hot_law import weights_of
from .blocks.keys import root_key
from .blocks.landscape import SURVEYED, Places, survey
from .blocks.lift import lift_of
from .blocks.mean_field import moved
from .blocks.ritz import energy_density
from .blocks.sampler import gain_at
from .blocks.unbiased_moves import Moved, mover
from .particle_sgd_entry import MeanField

UPDATES = 8
BURN_IN = 200
"""Moves before the first update: step sizes settle, walkers forget where they started in their basin."""
AVERAGING = 8.0
"""Power of time with which updates count in the rate: it should be that of the solution as it stands."""
GROUPS = 16
"""Of walkers, half of each from A and half from B."""
TRAINING = jnp.float32


class State(NamedTuple):
    """All that the next update needs; `unit` is the first energy that is not 0, `energy` of all walkers and `groups` of each
    group, (GROUPS,), are running means, `share` is the effective one of the last update's weights."""

    key: jax.Array
    step: jax.Array
    particles: Any
    places: Places
    size: jax.Array
    watch: watch.Watch
    unit: jax.Array
    energy: jax.Array
    groups: jax.Array
    share: jax.Array


def solve(problem: CommittorProblem, parameters: MeanField, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the network as it stands, with its lift."""
    jax.config.update("jax_enable_x64", True)
    lift = lift_of(problem, parameters.lift_depth)
    visit = survey(problem, lift)
    model = ansatz(problem, lift, network.mean_field)
    groups = min(GROUPS, parameters.walkers)

    walked, escaped = mover(visit, parameters.heat), watch.counter(problem.box)

    def counted(moved: Moved) -> Moved:
        return *moved[:2], escaped(moved[2], moved[0].x)

    def energy(particles: Any, places: Places) -> tuple[jax.Array, jax.Array]:
        """The Ritz energy, the mean over walkers, and that of each group."""
        seen = model.walkers(particles, places)
        weights, rows = weights_of(places, parameters.heat), energy_density(seen.s, seen.s_slope, places.free)
        whole = jnp.mean(weights * rows)
        parts = jnp.broadcast_to(weights * (rows - whole), rows.shape)  # of a ratio, to first order
        return whole, whole + jnp.stack([jnp.mean(parts[group::groups]) for group in range(groups)])

    def update(state: State, _: None) -> tuple[State, None]:
        key, key_walk = jax.random.split(state.key)
        gain = gain_at(state.step, TRAINING)
        step = state.step + 1
        begun = state.places, state.size, state.watch
        places, size, noticed = counted(walked(begun, step, key_walk, parameters.moves, gain))
        (value, by_group), gradient = jax.value_and_grad(energy, has_aux=True)(state.particles, places)
        # Where sets hold whole basins all walkers may be in them at first, and nothing pulls.
        unit = jnp.where(state.unit > 0.0, state.unit, value)
        particles = moved(state.particles, gradient, parameters.step, parameters.particles, unit + 1e-30)
        mean, means = tail_average(
            (state.energy, state.groups), (value, by_group), state.step.astype(TRAINING), AVERAGING
        )
        share = effective_share(weights_of(places, parameters.heat))
        return State(key, step, particles, places, size, noticed, unit, mean, means, share), None

    key_network, key_burn, key = jax.random.split(
        root_key(int(np.random.SeedSequence(context.seed).generate_state(1)[0])), 3
    )
    places = jax.jit(visit)(jnp.asarray(starts(problem, parameters.walkers, context.seed), TRAINING))
    size = jnp.full(1, FIRST_SIZE * scale_of(problem).length ** 2, TRAINING)
    burn_in = jax.jit(lambda begun, key: counted(walked(begun, 0, key, BURN_IN, jnp.asarray(0.1, TRAINING))))
    places, size, noticed = burn_in((places, size, watch.nothing(places.energy)), key_burn)
    watch.check(noticed, 0)
    particles = network.particles(key_network, problem.dim, parameters.particles, TRAINING)
    unit = jax.jit(energy)(particles, places)[0]
    advance = jax.jit(lambda state: jax.lax.scan(update, state, None, length=UPDATES)[0])
    none = jnp.zeros(groups, TRAINING)
    state = State(key, jnp.asarray(0), particles, places, size, noticed, unit, none[0], none, none[0])
    visited = SURVEYED + parameters.walkers * (1 + BURN_IN)
    while True:
        watch.check(state.watch, int(state.step), float(state.energy))
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=state.particles,
            work={"evaluations": visited, "samples": parameters.walkers * int(state.step)},
            reports={
                "rate": float(state.energy) / problem.beta,
                "rate_error": float(jnp.std(state.groups, ddof=1)) / groups**0.5 / problem.beta,
                "walkers_escaped": float(state.watch.escaped),
                "weight_ess": float(state.share),
                "particle_time": parameters.step * int(state.step),
                "steps": int(state.step),
            }
            if state.step
            else {},
        )
        state = advance(state)
        visited += UPDATES * parameters.moves * parameters.walkers


def starts(problem: CommittorProblem, walkers: int, seed: int) -> np.ndarray:
    """Walkers (P, 1, d), half of them in A and half in B."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    return np.swapaxes(departure(rng, problem.start_a, problem.start_b, 1, walkers), 0, 1)
