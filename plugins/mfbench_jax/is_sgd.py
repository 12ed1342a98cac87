"""`is-sgd`: the Ritz energy by stochastic gradients on actively importance-sampled points.

One update, with f = sigmoid(z) the current solution and windows l = 1 ... L along z:

    1. every walker takes a few Metropolis-adjusted Langevin steps under V + W_l, and neighbours exchange;
    2. the running overlaps give the windows' masses z_l (EMUS), hence each walker's weight under mu;
    3. the weighted mean of |grad f|^2, weights held fixed, gives the gradient, and the optimiser its step;
    4. the windows follow the walkers.

Walkers feel, and the weights use, the averaged solution: it moves slowly, so that walkers keep up.
Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import network, placement, running
from .blocks.ansatz import ansatz, scale_of
from .blocks.descent import anytime, tail_average
from .blocks.emus import effective_share, shares
from .blocks.landscape import Places, survey
from .blocks.lift import lift_of
from .blocks.ritz import energy_density, violation
from .blocks.sampler import Walkers, adapt, exchange, langevin_step
from .blocks.windows import bias, bias_slope
from .parameters import ImportanceSampling

UPDATES = 4
"""Updates between two checkpoints: tens of milliseconds."""
ACCEPTANCE = 0.6
LARGEST_GRADIENT = 10.0
AVERAGING = 8.0
TRAINING = jnp.float32


class State(NamedTuple):
    """All that the next update needs; the energy is a running mean that scales the gradient."""

    key: jax.Array
    step: jax.Array
    params: Any
    average: Any
    moments: Any
    places: Places
    sizes: jax.Array
    placement: placement.Placement
    seen: running.Running
    energy: jax.Array


def solve(
    problem: CommittorProblem, parameters: ImportanceSampling, context: Context
) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift."""
    jax.config.update("jax_enable_x64", True)
    lift = lift_of(problem, parameters.lift_depth)
    visit = survey(problem, lift)
    model = ansatz(problem, lift, network.apply)
    optimiser = make_optimiser(parameters)
    ladders, windows = parameters.ladders, parameters.windows
    boundary_a, boundary_b = (
        jax.jit(visit)(jnp.asarray(points, TRAINING)) for points in (problem.start_a, problem.start_b)
    )
    in_logit = parameters.windows_in == "logit"

    def coordinate(logit: jax.Array) -> jax.Array:
        return logit if in_logit else jax.nn.sigmoid(logit)

    def coordinate_slope(logit: jax.Array) -> jax.Array:
        return jnp.ones_like(logit) if in_logit else jax.nn.sigmoid(logit) * jax.nn.sigmoid(-logit)

    def sampled(state: State, key: jax.Array) -> tuple[Walkers, jax.Array, jax.Array]:
        """Step 1: walkers, step sizes, and the biases (R, L, L) of each walker in every window."""
        here = placement.windows_of(state.placement, TRAINING)
        gain = (0.2 / jnp.sqrt(1.0 + state.step / 200)).astype(TRAINING)
        look = partial(model.walkers, state.average)

        def own_bias(logit: jax.Array) -> jax.Array:
            return bias(here, coordinate(logit))

        def own_slope(logit: jax.Array) -> jax.Array:
            return bias_slope(here, coordinate(logit)) * coordinate_slope(logit)

        def move(carry: tuple[Walkers, jax.Array], key: jax.Array) -> tuple[tuple[Walkers, jax.Array], None]:
            walkers, sizes = carry
            walkers, accepted = langevin_step(key, walkers, sizes, own_bias, own_slope, visit, look)
            return (walkers, adapt(sizes, accepted, ACCEPTANCE, gain)), None

        key_moves, key_exchange = jax.random.split(key)
        start = (look(state.places), state.sizes)
        (walkers, sizes), _ = jax.lax.scan(move, start, jax.random.split(key_moves, parameters.moves))
        walkers = exchange(key_exchange, walkers, own_bias, state.step % 2)
        return walkers, sizes, bias(here, coordinate(walkers.s)[..., None])

    def violated(params: Any) -> jax.Array:
        return violation(model.walkers(params, boundary_a).s, model.walkers(params, boundary_b).s)

    def update(state: State, _: None) -> tuple[State, None]:
        key, key_sampling = jax.random.split(state.key)
        walkers, sizes, biases = sampled(state, key_sampling)

        # Step 2: weights under mu.
        phi_share, log_total = shares(biases)
        inverse = jnp.exp(-log_total)
        solution = jax.nn.sigmoid(walkers.s)
        inside = (solution > running.SLAB[0]) & (solution < running.SLAB[1])
        density = energy_density(walkers.s, walkers.s_slope, walkers.places.free)
        news = running.Running(phi_share, inverse, jnp.where(inside, density * inverse, 0.0))
        seen = running.updated(state.seen, news, state.step, parameters.memory)
        weights = (running.weights_of(seen) * inverse).astype(TRAINING)

        # Step 3: the Ritz energy of the parameters that are trained.
        def energy(params: Any) -> jax.Array:
            trained = model.walkers(params, walkers.places)
            return jnp.sum(
                jnp.mean(weights * energy_density(trained.s, trained.s_slope, walkers.places.free), axis=0)
            )

        value, gradient = jax.value_and_grad(energy)(state.params)
        # The energy spans many decades between problems: its running mean is the unit.
        unit = state.energy + jnp.maximum(1.0 / (state.step + 1.0), 0.05).astype(TRAINING) * (
            value - state.energy
        )
        gradient = jax.tree.map(lambda part: part / (unit + 1e-30), gradient)
        change, moments = optimiser.update(gradient, state.moments, state.params)
        params = optax.apply_updates(state.params, change)
        average = tail_average(state.average, params, state.step.astype(TRAINING), AVERAGING)

        # Step 4.
        stand = placement.moved(state.placement, walkers, biases) if in_logit else state.placement
        return State(
            key, state.step + 1, params, average, moments, walkers.places, sizes, stand, seen, unit
        ), None

    @jax.jit
    def advance(state: State) -> State:
        return jax.lax.scan(update, state, None, length=UPDATES)[0]

    @jax.jit
    def reports(state: State) -> dict[str, jax.Array]:
        rate, error = running.rate(state.seen, problem.beta)
        here = placement.windows_of(state.placement, TRAINING)
        walkers = model.walkers(state.average, state.places)
        _, log_total = shares(bias(here, coordinate(walkers.s)[..., None]))
        weights = running.weights_of(state.seen) * jnp.exp(-log_total)
        return {
            "rate": rate,
            "rate_error": error,
            "window_overlap": running.least_overlap(state.seen),
            "weight_ess": effective_share(weights),
            "boundary_violation": violated(state.average),
            "window_low": state.placement.low,
            "window_high": state.placement.high,
            "steps": state.step,
        }

    key_network, key = jax.random.split(
        jax.random.key(int(np.random.SeedSequence(context.seed).generate_state(1)[0]))
    )
    params = network.perceptron(key_network, problem.dim, parameters.width, parameters.depth, TRAINING)
    state = State(
        key=key,
        step=jnp.asarray(0),
        params=params,
        average=params,
        moments=optimiser.init(params),
        places=jax.jit(visit)(jnp.asarray(starts(problem, ladders, windows, context.seed), TRAINING)),
        sizes=jnp.full(windows, (0.01 * scale_of(problem).length) ** 2, TRAINING),
        placement=placement.start(windows, in_logit),
        seen=running.nothing(ladders, windows),
        energy=jnp.zeros((), TRAINING),
    )
    visited = ladders * windows
    while True:
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=state.average,
            work={"evaluations": visited, "samples": ladders * windows * int(state.step)},
            reports={name: float(value) for name, value in reports(state).items()} if state.step else {},
        )
        state = advance(state)
        visited += UPDATES * parameters.moves * ladders * windows


def make_optimiser(parameters: ImportanceSampling) -> optax.GradientTransformation:
    """Adam or plain SGD under the anytime schedule, with bounded gradients."""
    schedule = anytime(parameters.rate, parameters.warm_up, parameters.halving)
    method = optax.adam(schedule) if parameters.optimiser == "adam" else optax.sgd(schedule)
    return optax.chain(optax.clip_by_global_norm(LARGEST_GRADIENT), method)


def starts(problem: CommittorProblem, ladders: int, windows: int, seed: int) -> np.ndarray:
    """Walkers (R, L, d): the lower half of the windows starts in A, the upper half in B; nobody between."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    lower = windows // 2
    in_a = problem.start_a[rng.integers(len(problem.start_a), size=(ladders, lower))]
    in_b = problem.start_b[rng.integers(len(problem.start_b), size=(ladders, windows - lower))]
    return np.concatenate([in_a, in_b], axis=1)
