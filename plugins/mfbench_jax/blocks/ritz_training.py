"""Training of a committor by the Ritz energy on walkers that follow it: compiled beginning, updates, and what is told.

One update lets the walkers take a look along the averaged solution (`sampling`), which moves slowly, so that they keep
up, and takes one step down the weighted energy (`ritz_descent`). What is told is that solution with the values on its
level sets set by the flux through them (`levels`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfbench.tasks.committor import CommittorProblem

from . import levels, running, watch
from .ansatz import Ansatz, Solution
from .compiled import once, seldom
from .detour import slab_detour
from .emus import effective_share
from .penalty import at_sets
from .ritz import violation
from .ritz_descent import Descent, make_descent
from .sampling import Sampling

UPDATES = 4
"""In one call of `advance`: tens of milliseconds."""
DTYPE = jnp.float32


class State(NamedTuple):
    """All that the next update needs; `walkers` is the state of a `Sampling`."""

    key: jax.Array
    walkers: Any
    training: Descent


class Training(NamedTuple):
    """Compiled functions.

    Args:
        begin: (key, what `Sampling.begin` wants ...) -> State.
        advance: (State, lessons or None) -> State, UPDATES later; lessons have a leading axis of so many.
        told: State -> the solution to hand over, and what is said of it.
    """

    begin: Callable[..., State]
    advance: Callable[[State, Any], State]
    told: Callable[[State], tuple[Solution, dict[str, jax.Array]]]


def make_training(
    problem: CommittorProblem,
    model: Ansatz,
    sampling: Sampling,
    parameters: Callable[[jax.Array], Any],
    optimiser: optax.GradientTransformation,
    beside: Callable[..., jax.Array] | None = None,
    calibrated: bool = True,
) -> Training:
    """The training of one solution.

    Args:
        problem: whose committor is sought.
        model: the ansatz.
        sampling: the walkers.
        parameters: key -> those of the ansatz's network to begin with.
        optimiser: as of `ritz_descent.make_descent`.
        beside: a loss beside the energy, as there.
        calibrated: fluxes set the values on level sets.
    """
    escaped = watch.counter(problem.box)
    begun, descend = make_descent(model.walkers, optimiser, beside)
    look_at_sets = at_sets(problem, model.logit)
    middles = tuple(np.asarray(points, DTYPE).mean(axis=0) for points in (problem.start_a, problem.start_b))

    # One compiled function: every operation outside of it would be compiled by itself.
    @once
    def begin(key: jax.Array, *start: jax.Array) -> State:
        key_network, key = jax.random.split(key)
        return State(key, sampling.begin(*start), begun(parameters(key_network)))

    def update(state: State, lesson: Any) -> tuple[State, None]:
        key, key_look = jax.random.split(state.key)
        walkers, seen = sampling.look(state.training.average, state.walkers, key_look)
        walkers = walkers._replace(watch=escaped(walkers.watch, walkers.places.x))
        return State(key, walkers, descend(state.training, seen, lesson)), None

    @jax.jit
    def advance(state: State, lesson: Any = None) -> State:
        return jax.lax.scan(update, state, lesson, length=UPDATES)[0]

    @seldom
    def told(state: State) -> tuple[Solution, dict[str, jax.Array]]:
        average, sampled = state.training.average, state.walkers
        walkers = model.walkers(average, sampled.places)
        weights = running.weights_of(sampled.seen) * sampling.inverse(sampled, walkers)
        shift = jnp.asarray(levels.UNMOVED)
        if calibrated:
            shift = running.shift(sampled.seen, *sampling.ends(sampled, walkers))
        edge, *sets = look_at_sets(average, walkers)
        return Solution(average, shift), {
            **running.reports(sampled.seen, problem.beta),
            "weight_ess": effective_share(weights),
            "slab_detour": slab_detour(sampled.places.x, walkers.s, *middles),
            "boundary_violation": violation(levels.shifted(shift, edge), *sets),
            **sampling.told(sampled),
            "walkers_escaped": sampled.watch.escaped,
            "steps": state.training.step,
        }

    return Training(begin, advance, told)
