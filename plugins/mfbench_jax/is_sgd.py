"""`is-sgd`: the Ritz energy by stochastic gradients on actively importance-sampled points.

One update, with f = sigmoid(z) the current solution and windows l = 1 ... L along z:

    1. every walker takes a few Metropolis-adjusted Langevin steps under V + W_l, and neighbours exchange;
    2. the running overlaps give the windows' masses z_l (EMUS), hence each walker's weight under mu;
    3. the windows follow the walkers (1 to 3: `blocks/umbrella.py`);
    4. the weighted mean of |grad f|^2, weights held fixed, gives the gradient, and the optimiser its step
       (`blocks/ritz_descent.py`).

Walkers feel, and the weights use, the averaged solution: it moves slowly, so that walkers keep up. What is handed
over is that solution with the values on its level sets set by the flux through them (`blocks/levels.py`).
Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334.

Two corrections of Hasyim, Batton, Mandadapu, arXiv 2107.13522, are offered. With [sampler=string] walkers stay in the
cells of a string instead of windows, in step 2 tried crossings give the cells' masses, and the string follows the
walkers (`blocks/string_sampling.py`). With [supervised=true] outcomes of trajectories join the loss in step 4
(`blocks/supervised.py`).

Where windows reach so far that transitions are rare, training begins again with hot walkers, which cool
(`mfbench/hot_start.py`).

With [sampler=unbiased] walkers follow the invariant measure, and all else is alike: what steps 1 to 3 are worth.

With [boundary=penalty] the boundary values are learned as in the first paper (`blocks/penalty.py`), without a lift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from mfbench import Checkpoint, Context, hot_start
from mfbench.tasks.committor import CommittorProblem

from .blocks import levels, network, running, string_sampling, umbrella, watch
from .blocks.ansatz import Ansatz, Solution, ansatz, scale_of
from .blocks.coordinate import LOGIT, VALUE
from .blocks.departure import FIRST_SIZE, departure, on_line
from .blocks.descent import anytime
from .blocks.keys import root_key
from .blocks.landscape import SURVEYED, survey
from .blocks.lift import Lift, lift_of, no_lift
from .blocks.network_inputs import NetworkInputs, network_inputs
from .blocks.penalty import at_sets, at_walkers, make_penalty
from .blocks.ritz_descent import bounded
from .blocks.ritz_training import DTYPE, UPDATES, make_training
from .blocks.sampling import Sampling, as_they_come, in_cells, in_windows
from .blocks.supervised import Teacher, make_loss
from .blocks.tempering import tempered_places
from .is_sgd_entry import ImportanceSampling


def solve(
    problem: CommittorProblem, parameters: ImportanceSampling, context: Context
) -> Iterator[Checkpoint]:
    """Train for `updates` or until stopped; a checkpoint is the averaged network, its lift and the shift of its levels."""
    jax.config.update("jax_enable_x64", True)
    p, exact = parameters, parameters.boundary == "lift"
    lift = lift_of(problem, p.lift_depth) if exact else no_lift
    inputs = network_inputs(problem, scale_of(problem), p.symmetric)
    model = ansatz(problem, lift, make_network(p, inputs), exact)
    sampling = make_sampling(problem, p, lift, model)
    training = make_training(
        problem, model, sampling, partial(make_parameters, inputs.number, p), make_optimiser(p),
        make_beside(problem, p, model), p.calibrate,
    )  # fmt: skip

    seeds = np.random.SeedSequence(context.seed)
    rng, words = np.random.default_rng(seeds), [int(word) for word in seeds.generate_state(4)]
    visited, teacher, tempered = SURVEYED + inputs.asked + p.ladders * p.windows, None, {}
    if p.sampler == "string" or p.supervised:
        between, spent, hot_escaped = tempered_places(problem, words[1])
        visited, tempered = visited + spent, {"hot_walkers_escaped": float(hot_escaped)}
    if p.supervised:
        teacher = Teacher(problem, between, words[2])
    if p.sampler == "string":
        start = string_sampling.departure(problem, p.windows, p.ladders, between, rng)
    else:
        place = departure if p.start == "sets" else on_line
        x = place(rng, problem.start_a, problem.start_b, p.ladders, p.windows)
        start = (np.asarray(x, DTYPE),)
    state, logit = training.begin(root_key(words[0]), *start), jax.jit(model.logit)

    def evaluate(solution: Solution, x: np.ndarray) -> jax.Array:
        return model.evaluate(solution.network, x, solution.shift)

    def gradient(solution: Solution, x: np.ndarray) -> jax.Array:
        return model.gradient(solution.network, x, solution.shift)

    solution, reports, step, begun = Solution(state.training.params, levels.UNMOVED), {}, 0, 0
    again = hot_start.HotStart(p.heat) if may_be_hot(p) else None
    while True:
        watch.check(state.walkers.watch, step, float(state.training.energy), begun)
        yield Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={
                "evaluations": visited + (teacher.evaluations if teacher else 0),
                "samples": p.ladders * p.windows * step,
            },
            reports=running.told(reports) | (teacher.reports if teacher and reports else {}) | tempered,
        )
        if p.updates and step >= p.updates:
            return
        lesson = None
        if teacher:
            places = state.walkers.places
            free = np.asarray(places.x)[np.asarray(places.free)]
            lesson = teacher.lesson(partial(logit, state.training.average), free, UPDATES)
            if again and float(state.walkers.heat) > 1.0:  # outcomes are those of the problem's own process
                lesson = lesson._replace(weight=np.zeros_like(lesson.weight))
        state, step = training.advance(state, lesson), step + UPDATES
        visited += UPDATES * p.moves * p.ladders * p.windows
        solution, reports = training.told(state)
        if again:
            share, heat = hot_start.share_of_run(p.updates, context, step), float(state.walkers.heat)
            if again.due(step, share, reports):
                watch.check(state.walkers.watch, step, float(state.training.energy), begun)
                noticed, state = state.walkers.watch, training.begin(root_key(words[3]), *start)
                state = state._replace(walkers=state.walkers._replace(watch=noticed))
                visited, begun = visited + p.ladders * p.windows, step
            state = state._replace(walkers=umbrella.heated(state.walkers, again.heat(share)))
            reports = hot_start.told(reports | {"steps": step}, heat)


def may_be_hot(parameters: ImportanceSampling) -> bool:
    """Whether walkers may have a temperature of their own: windows tell then whether transitions are rare."""
    return parameters.heat > 1.0 and parameters.sampler == "umbrella" and parameters.windows_in == "logit"


def make_sampling(
    problem: CommittorProblem, parameters: ImportanceSampling, lift: Lift, model: Ansatz
) -> Sampling:
    """The walkers asked for."""
    p, visit, size = parameters, survey(problem, lift), FIRST_SIZE * scale_of(problem).length ** 2
    if p.sampler == "string":
        return in_cells(problem, visit, model.walkers, size, p.moves, p.memory)
    if p.sampler == "unbiased":
        return as_they_come(visit, model.walkers, size, p.moves, p.memory)
    coordinate = LOGIT if p.windows_in == "logit" else VALUE
    return in_windows(visit, model.walkers, size, coordinate, p.moves, p.exchange, p.memory, may_be_hot(p))


def make_beside(
    problem: CommittorProblem, parameters: ImportanceSampling, model: Ansatz
) -> Callable[..., jax.Array]:
    """The losses beside the energy: the sets' values, and the outcomes of trajectories if they are asked for."""
    learned = parameters.boundary == "penalty"
    look = at_sets(problem, model.logit) if learned else at_walkers
    parts = [make_penalty(look, parameters.penalty)]
    if parameters.supervised:
        parts.append(make_loss(model.logit))
    return lambda *seen: sum(part(*seen) for part in parts)


def make_network(
    parameters: ImportanceSampling, inputs: NetworkInputs
) -> Callable[[Any, jax.Array], jax.Array]:
    """(params, scaled coordinates) -> values of the network asked for."""
    values = network.apply if parameters.network == "perceptron" else network.mean_field
    return lambda params, u: values(params, inputs.values(u))


def make_parameters(number: int, parameters: ImportanceSampling, key: jax.Array) -> Any:
    """Random parameters of that network of so many inputs, which vanishes as it starts."""
    if parameters.network == "perceptron":
        return network.perceptron(key, number, parameters.width, parameters.depth, DTYPE)
    return network.particles(key, number, parameters.width, DTYPE)


def make_optimiser(parameters: ImportanceSampling) -> optax.GradientTransformation:
    """Adam or plain SGD under the anytime schedule, with bounded gradients."""
    schedule = anytime(parameters.rate, parameters.warm_up, parameters.halving)
    if parameters.optimiser == "adam":
        return bounded(optax.adam(schedule))
    # Particle time: n times the slope by one of n particles has a limit.
    time = float(parameters.width) if parameters.network == "mean-field" else 1.0
    return bounded(optax.sgd(schedule), optax.scale(time))
