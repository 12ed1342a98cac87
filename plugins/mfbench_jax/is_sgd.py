"""`is-sgd`: the Ritz energy by stochastic gradients on actively importance-sampled points.

One update, with f = sigmoid(z) the current solution and windows l = 1 ... L along z:

    1. every walker takes a few Metropolis-adjusted Langevin steps under V + W_l, and neighbours exchange;
    2. the running overlaps give the windows' masses z_l (EMUS), hence each walker's weight under mu;
    3. the weighted mean of |grad f|^2, weights held fixed, gives the gradient, and the optimiser its step;
    4. the windows follow the walkers.

Walkers feel, and the weights use, the averaged solution: it moves slowly, so that walkers keep up. What is handed
over is that solution with the values on its level sets set by the flux through them (`blocks/levels.py`).
Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334.

Two corrections of Hasyim, Batton, Mandadapu, arXiv 2107.13522, are offered. With [sampler=string] walkers stay in the
cells of a string instead of windows, in step 2 tried crossings give the cells' masses, and the string follows the
walkers (`blocks/cells.py`, `blocks/string.py`). With [supervised=true] outcomes of trajectories join the loss in step 3
(`blocks/supervised.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import cells, levels, network, placement, running, string, watch
from .blocks.ansatz import ansatz, scale_of
from .blocks.departure import departure
from .blocks.descent import anytime, tail_average
from .blocks.emus import effective_share, shares
from .blocks.keys import root_key
from .blocks.landscape import Places, survey
from .blocks.lift import lift_of
from .blocks.ritz import energy_density, violation
from .blocks.sampler import Walkers, adapt, attempt, exchange
from .blocks.supervised import Lesson, Teacher, make_loss
from .blocks.tempering import tempered_places
from .blocks.windows import bias, bias_slope
from .is_sgd_entry import ImportanceSampling

UPDATES = 4
"""Updates between two checkpoints: tens of milliseconds."""
LOGIT_ENDS = (-3.0, 3.0)
"""Of windows in q, whose open outer ones follow the law to where nobody knows: levels are set from q = .007 on."""
ACCEPTANCE = 0.6
LARGEST_GRADIENT = 10.0
AVERAGING = 8.0
TRAINING = jnp.float32


class State(NamedTuple):
    """All that the next update needs; the energy is a running mean that scales the gradient.

    `placement` says where the windows, or the cells, stand; `inside` (R, L) is 1 for walkers in their cells, else 0,
    and None with windows.
    """

    key: jax.Array
    step: jax.Array
    params: Any
    average: Any
    moments: Any
    places: Places
    sizes: jax.Array
    placement: placement.Placement | string.String
    seen: running.Running
    energy: jax.Array
    watch: watch.Watch
    inside: jax.Array | None = None


class Sampled(NamedTuple):
    """What steps 1 and 4 give; R ladders, L windows or cells.

    Args:
        walkers: (R, L), with the logit of the averaged solution.
        sizes: (L,) step sizes.
        shares, inverse: (R, L, L) and (R, L), the news of `running.Running` without the energy.
        placement: where windows or cells stand next.
        watch: what was noticed.
    """

    walkers: Walkers
    sizes: jax.Array
    shares: jax.Array
    inverse: jax.Array
    placement: placement.Placement | string.String
    watch: watch.Watch


class Solution(NamedTuple):
    """What a checkpoint holds: the averaged network and the shift of its levels."""

    network: Any
    shift: jax.Array


def solve(
    problem: CommittorProblem, parameters: ImportanceSampling, context: Context
) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift and the shift of its levels."""
    jax.config.update("jax_enable_x64", True)
    lift = lift_of(problem, parameters.lift_depth)
    visit = survey(problem, lift)
    model = ansatz(problem, lift, make_network(parameters))
    escaped = watch.counter(problem)
    optimiser = make_optimiser(parameters)
    ladders, windows = parameters.ladders, parameters.windows
    boundary = tuple(np.asarray(points, TRAINING) for points in (problem.start_a, problem.start_b))
    in_logit = parameters.windows_in == "logit"
    in_cells = parameters.sampler == "string"
    move_in_cells = cells.mover(problem, visit, parameters.moves, ACCEPTANCE)
    sets = string.sets_of(problem)
    taught = make_loss(model.logit)

    def coordinate(logit: jax.Array) -> jax.Array:
        return logit if in_logit else jax.nn.sigmoid(logit)

    def coordinate_slope(logit: jax.Array) -> jax.Array:
        return jnp.ones_like(logit) if in_logit else jax.nn.sigmoid(logit) * jax.nn.sigmoid(-logit)

    def size_gain(state: State) -> jax.Array:
        return (0.2 / jnp.sqrt(1.0 + state.step / 200)).astype(TRAINING)

    def sampled_in_windows(state: State, key: jax.Array) -> Sampled:
        here = placement.windows_of(state.placement, TRAINING)
        gain = size_gain(state)
        look = partial(model.walkers, state.average)

        def own_bias(logit: jax.Array) -> jax.Array:
            return bias(here, coordinate(logit))

        def own_slope(logit: jax.Array) -> jax.Array:
            return bias_slope(here, coordinate(logit)) * coordinate_slope(logit)

        def move(carry: Any, key: jax.Array) -> tuple[Any, None]:
            walkers, sizes, noticed = carry
            walkers, accepted, tried = attempt(key, walkers, sizes, own_bias, own_slope, visit, look)
            noticed = watch.tried(noticed, state.step, tried)
            return (walkers, adapt(sizes, accepted, ACCEPTANCE, gain), noticed), None

        key_moves, key_exchange = jax.random.split(key)
        start = (look(state.places), state.sizes, state.watch)
        (walkers, sizes, noticed), _ = jax.lax.scan(
            move, start, jax.random.split(key_moves, parameters.moves)
        )
        if parameters.exchange:
            walkers = exchange(key_exchange, walkers, own_bias, state.step % 2)
        biases = bias(here, coordinate(walkers.s)[..., None])
        phi_share, log_total = shares(biases)
        stand = placement.moved(state.placement, walkers, biases) if in_logit else state.placement
        return Sampled(
            walkers, sizes, phi_share, jnp.exp(-log_total), stand, escaped(noticed, walkers.places)
        )

    def sampled_in_cells(state: State, key: jax.Array) -> Sampled:
        nodes = state.placement.nodes
        seen = move_in_cells(key, nodes, state.places, state.sizes, size_gain(state), state.watch, state.step)
        places = seen.walkers.places
        inside = seen.inverse > 0
        stand = string.moved(state.placement, places.x, inside, state.step, parameters.memory, sets)
        walkers = model.walkers(state.average, places)
        return Sampled(walkers, seen.sizes, seen.shares, seen.inverse, stand, escaped(seen.watch, places))

    sampled = sampled_in_cells if in_cells else sampled_in_windows

    def update(state: State, lesson: Lesson | None) -> tuple[State, None]:
        key, key_sampling = jax.random.split(state.key)
        walkers, sizes, phi_share, inverse, stand, noticed = sampled(state, key_sampling)

        # Step 2: weights under mu.
        density = energy_density(walkers.s, walkers.s_slope, walkers.places.free) * inverse
        news = running.Running(phi_share, inverse, levels.binned(walkers.s, density))
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
        if lesson is not None:
            gradient = jax.tree.map(jnp.add, gradient, jax.grad(taught)(state.params, *lesson))
        change, moments = optimiser.update(gradient, state.moments, state.params)
        params = optax.apply_updates(state.params, change)
        average = tail_average(state.average, params, state.step.astype(TRAINING), AVERAGING)
        return State(
            key,
            state.step + 1,
            params,
            average,
            moments,
            walkers.places,
            sizes,
            stand,
            seen,
            unit,
            noticed,
            inverse if in_cells else None,
        ), None

    @jax.jit
    def advance(state: State, lesson: Lesson | None) -> State:
        return jax.lax.scan(update, state, lesson, length=UPDATES)[0]

    @jax.jit
    def told(state: State) -> tuple[Solution, dict[str, jax.Array]]:
        """The solution to hand over, and what is said of it."""
        (rate, dirichlet), (error, dirichlet_error) = running.rates(state.seen, problem.beta)
        walkers = model.walkers(state.average, state.places)
        if in_cells:
            inverse, ends = state.inside, reach(walkers, state.inside)
            told_of_it = {"string_length": string.length(state.placement.nodes), "inside": jnp.mean(inverse)}
        else:
            here = placement.windows_of(state.placement, TRAINING)
            inverse = jnp.exp(-shares(bias(here, coordinate(walkers.s)[..., None]))[1])
            ends = (state.placement.low, state.placement.high) if in_logit else LOGIT_ENDS
            told_of_it = {"window_low": state.placement.low, "window_high": state.placement.high}
        weights = running.weights_of(state.seen) * inverse
        shift = running.shift(state.seen, *ends) if parameters.calibrate else jnp.asarray(levels.UNMOVED)
        return Solution(state.average, shift), {
            "rate": rate,
            "rate_error": error,
            "rate_dirichlet": dirichlet,
            "rate_dirichlet_error": dirichlet_error,
            "window_overlap": running.least_overlap(state.seen),
            "weight_ess": effective_share(weights),
            "boundary_violation": violation(*(model.logit(state.average, points) for points in boundary)),
            **told_of_it,
            "walkers_escaped": state.watch.escaped,
            "steps": state.step,
        }

    # One compiled function: every operation outside of it would be compiled by itself.
    @jax.jit
    def begin(key: jax.Array, start: jax.Array, nodes: jax.Array | None) -> State:
        key_network, key = jax.random.split(key)
        params = make_parameters(key_network, problem.dim, parameters)
        places = visit(start)
        return State(
            key=key,
            step=jnp.zeros((), int),
            params=params,
            average=params,
            moments=optimiser.init(params),
            places=places,
            sizes=jnp.full(windows, (0.01 * scale_of(problem).length) ** 2, TRAINING),
            placement=string.String(nodes, start) if in_cells else placement.start(windows, in_logit),
            seen=running.nothing(ladders, windows),
            energy=jnp.zeros((), TRAINING),
            watch=watch.nothing(places),
            inside=jnp.zeros((ladders, windows), TRAINING) if in_cells else None,
        )

    seeds = np.random.SeedSequence(context.seed)
    rng, words = np.random.default_rng(seeds), [int(word) for word in seeds.generate_state(3)]
    visited, nodes, teacher = ladders * windows, None, None
    if in_cells or parameters.supervised:
        between, spent = tempered_places(problem, words[1])
        visited += spent
    if parameters.supervised:
        teacher = Teacher(problem, between, words[2])
    if in_cells:
        nodes = string.straight(problem, windows)
        start = cells.places_in(problem, nodes, between, ladders, rng)
    else:
        start = departure(rng, problem.start_a, problem.start_b, ladders, windows)
    state = begin(root_key(words[0]), np.asarray(start, TRAINING), nodes)
    logit = jax.jit(model.logit)

    def evaluate(solution: Solution, x: np.ndarray) -> jax.Array:
        return model.evaluate(solution.network, x, solution.shift)

    def gradient(solution: Solution, x: np.ndarray) -> jax.Array:
        return model.gradient(solution.network, x, solution.shift)

    solution, reports = Solution(state.params, levels.UNMOVED), {}
    while True:
        watch.check(state.watch, int(state.step), float(state.energy))
        yield Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={
                "evaluations": visited + (teacher.evaluations if teacher else 0),
                "samples": ladders * windows * int(state.step),
            },
            reports={name: float(value) for name, value in reports.items()}
            | (teacher.reports if teacher and reports else {}),
        )
        lesson = None
        if teacher:
            free = np.asarray(state.places.x)[np.asarray(state.places.free)]
            lesson = teacher.lesson(partial(logit, state.average), free, UPDATES)
        state = advance(state, lesson)
        solution, reports = told(state)
        visited += UPDATES * parameters.moves * ladders * windows


def reach(walkers: Walkers, inside: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Least and largest mean logit of a cell's walkers (R, L), of those that are outside A and B and in their cells."""
    counted = inside * walkers.places.free
    number = jnp.sum(counted, axis=0)
    means = jnp.sum(counted * walkers.s, axis=0) / jnp.maximum(number, 1.0)
    least = jnp.min(jnp.where(number > 0, means, jnp.inf))
    return least, jnp.max(jnp.where(number > 0, means, -jnp.inf))


def make_network(parameters: ImportanceSampling) -> Callable[[Any, jax.Array], jax.Array]:
    """(params, x) -> values of the network asked for."""
    return network.apply if parameters.network == "perceptron" else network.mean_field


def make_parameters(key: jax.Array, dim: int, parameters: ImportanceSampling) -> Any:
    """Random parameters of that network, which vanishes as it starts."""
    if parameters.network == "perceptron":
        return network.perceptron(key, dim, parameters.width, parameters.depth, TRAINING)
    return network.particles(key, dim, parameters.width, TRAINING)


def make_optimiser(parameters: ImportanceSampling) -> optax.GradientTransformation:
    """Adam or plain SGD under the anytime schedule, with bounded gradients."""
    schedule = anytime(parameters.rate, parameters.warm_up, parameters.halving)
    bounded = optax.clip_by_global_norm(LARGEST_GRADIENT)
    if parameters.optimiser == "adam":
        return optax.chain(bounded, optax.adam(schedule))
    # Particle time: n times the slope by one of n particles has a limit.
    time = float(parameters.width) if parameters.network == "mean-field" else 1.0
    return optax.chain(bounded, optax.sgd(schedule), optax.scale(time))
