"""`is-sgd-torch`: the Ritz energy by stochastic gradients on actively importance-sampled points.

One update, with f = sigmoid(z) the current solution and windows l = 1 ... L along z:

    1. every walker takes a few Metropolis-adjusted Langevin steps under V + W_l, and neighbours exchange;
    2. the running overlaps give the windows' masses z_l (EMUS), hence each walker's weight under mu;
    3. the windows follow the walkers (1 to 3: `blocks/umbrella.py`);
    4. the weighted mean of |grad f|^2, weights held fixed, gives the gradient, and the optimiser its step
       (`blocks/ritz_descent.py`).

Walkers feel, and the weights use, the averaged solution: it moves slowly, so that walkers keep up. What is handed
over is that solution with the values on its level sets set by the flux through them (`blocks/levels.py`).
Where windows reach so far that transitions are rare, training begins again with hot walkers, which cool
(`mfbench/hot_start.py`).

With [boundary=penalty] the boundary values are learned as in the first paper (`blocks/penalty.py`), without a lift.
Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334. The twin of `is-sgd`, which is the same in jax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch

from mfbench import Checkpoint, Context, hot_start
from mfbench.frames import like
from mfbench.tasks.committor import CommittorProblem

from .blocks import levels, network, penalty, running, umbrella, watch
from .blocks.ansatz import Ansatz, ansatz, scale_of
from .blocks.coordinate import LOGIT, VALUE, Coordinate
from .blocks.departure import FIRST_SIZE, departure
from .blocks.descent import anytime
from .blocks.detour import slab_detour
from .blocks.emus import effective_share, shares
from .blocks.landscape import SURVEYED, survey
from .blocks.lift import lift_of, no_lift
from .blocks.network_inputs import NetworkInputs, network_inputs
from .blocks.ritz import violation
from .blocks.ritz_descent import Descent, make_descent
from .blocks.weighing import Seen
from .is_sgd_entry import ImportanceSampling

UPDATES = 4
"""Updates between two checkpoints: tens of milliseconds."""
LOGIT_ENDS = (-3.0, 3.0)
"""Of windows in q, whose open outer ones follow the law to where nobody knows: levels are set from q = .007 on."""
TRAINING = torch.float32


class State(NamedTuple):
    """What the next update needs beside the trained parameters."""

    walkers: umbrella.Umbrella
    training: Descent


class Solution(NamedTuple):
    """What a checkpoint holds: the averaged network and the shift of its levels."""

    network: torch.Tensor
    shift: torch.Tensor


def solve(
    problem: CommittorProblem, parameters: ImportanceSampling, context: Context
) -> Iterator[Checkpoint]:
    """Train for `updates` or until stopped; a checkpoint is the averaged network, its lift and the shift of its levels."""
    device = torch.device(context.device)
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    generator = torch.Generator(device).manual_seed(seed)
    p, exact = parameters, parameters.boundary == "lift"
    lift = lift_of(problem, p.lift_depth) if exact else no_lift
    inputs = network_inputs(problem, scale_of(problem), p.symmetric)
    visit, model = survey(problem, lift), ansatz(problem, lift, make_network(inputs, p), exact)
    at_sets = penalty.at_sets(problem, model.logit)
    coordinate = LOGIT if p.windows_in == "logit" else VALUE
    look = umbrella.looker(generator, visit, model.walkers, p.moves, coordinate, p.exchange, p.memory)
    escaped = watch.counter(problem.box)

    def on_device(points: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(points, dtype=TRAINING, device=device)

    def rate(step: int) -> float:
        # Particle time: n times the slope by one of n particles has a limit.
        plain = p.network == "mean-field" and p.optimiser == "sgd"
        return (float(p.width) if plain else 1.0) * anytime(p.rate, p.warm_up, p.halving, step)

    rng = np.random.default_rng(np.random.SeedSequence(context.seed))
    places = visit(on_device(departure(rng, problem.start_a, problem.start_b, p.ladders, p.windows)))
    size = FIRST_SIZE * scale_of(problem).length ** 2

    def begin() -> tuple[State, Callable[[Descent, Seen], Descent]]:
        training, descend = make_descent(
            model, make_parameters(generator, inputs.number, p), lambda trained: make_optimiser(trained, p), rate,
            penalty.make_penalty(penalty.at_walkers if exact else at_sets, p.penalty),
        )  # fmt: skip
        return State(umbrella.umbrella(places, size, coordinate), training), descend

    def update(state: State) -> State:
        walkers, seen = look(state.training.average, state.walkers)
        walkers = walkers._replace(watch=escaped(walkers.watch, walkers.places))
        return State(walkers, descend(state.training, seen))

    state, descend = begin()

    def evaluate(solution: Solution, x: np.ndarray) -> np.ndarray:
        return model.evaluate(solution.network, x, solution.shift)

    def gradient(solution: Solution, x: np.ndarray) -> np.ndarray:
        return model.gradient(solution.network, x, solution.shift)

    unmoved = torch.from_numpy(levels.UNMOVED).to(device)
    solution, reports, step, begun = Solution(state.training.average, unmoved), {}, 0, 0
    again = hot_start.HotStart(p.heat) if p.heat > 1.0 and coordinate.in_logit else None
    visited = SURVEYED + inputs.asked + p.ladders * p.windows
    while True:
        watch.check(state.walkers.watch, step, float(state.training.energy), begun)
        yield Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={"evaluations": visited, "samples": p.ladders * p.windows * step},
            reports=reports,
        )
        if p.updates and step >= p.updates:
            return
        for _ in range(UPDATES):
            state = update(state)
        step += UPDATES
        shift = (
            running.shift(state.walkers.seen, *ends(state.walkers, coordinate)) if p.calibrate else unmoved
        )
        solution = Solution(state.training.average, shift)
        reports = told(state, shift, problem, model, coordinate, at_sets)
        visited += UPDATES * p.moves * p.ladders * p.windows
        if again:
            share, heat = hot_start.share_of_run(p.updates, context, step), state.walkers.heat
            if again.due(step, share, reports):
                watch.check(state.walkers.watch, step, float(state.training.energy), begun)
                noticed, (state, descend), begun = state.walkers.watch, begin(), step
                state = state._replace(walkers=state.walkers._replace(watch=noticed))
            state = state._replace(walkers=umbrella.heated(state.walkers, again.heat(share)))
            reports = hot_start.told(reports | {"steps": float(step)}, heat)


def ends(walkers: umbrella.Umbrella, coordinate: Coordinate) -> tuple:
    """The logits between which walkers are at all times."""
    return (walkers.placement.low, walkers.placement.high) if coordinate.in_logit else LOGIT_ENDS


def told(
    state: State, shift: torch.Tensor, problem: CommittorProblem, model: Ansatz, coordinate: Coordinate,
    at_sets: penalty.Look,
) -> dict[str, float]:  # fmt: skip
    """What is said of the averaged solution with a shift of its levels."""
    sampled, average = state.walkers, state.training.average
    walkers = model.walkers(average, sampled.places)
    _, log_total = shares(umbrella.biases_of(sampled, walkers, coordinate))
    weights = running.weights_of(sampled.seen) * torch.exp(-log_total)
    middles = (like(points.mean(axis=0), walkers.s) for points in (problem.start_a, problem.start_b))
    edge, *sets = at_sets(average, walkers)
    found = {
        "weight_ess": effective_share(weights),
        "slab_detour": slab_detour(sampled.places.x, walkers.s, *middles),
        "boundary_violation": violation(levels.shifted(shift, edge), *sets),
        "window_low": sampled.placement.low,
        "window_high": sampled.placement.high,
        "walkers_escaped": sampled.watch.escaped,
        "steps": state.training.step,
    }
    return running.reports(sampled.seen, problem.beta) | {name: float(value) for name, value in found.items()}


def make_network(
    inputs: NetworkInputs, parameters: ImportanceSampling
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """(flat params, scaled coordinates) -> values of the network asked for."""
    if parameters.network == "perceptron":
        shape = network.Shape(inputs.number, parameters.width, parameters.depth)
        return lambda flat, u: network.apply(network.layers_of(shape, flat), inputs.values(u))
    units = (parameters.width, inputs.number + 2)
    return lambda flat, u: network.mean_field(flat.view(units), inputs.values(u))


def make_parameters(generator: torch.Generator, number: int, parameters: ImportanceSampling) -> torch.Tensor:
    """Random flat parameters of that network of so many inputs, which vanishes as it starts."""
    if parameters.network == "perceptron":
        shape = network.Shape(number, parameters.width, parameters.depth)
        return network.perceptron(generator, shape, TRAINING)
    return network.particles(generator, number, parameters.width, TRAINING).flatten()


def make_optimiser(trained: torch.Tensor, parameters: ImportanceSampling) -> torch.optim.Optimizer:
    """Adam or plain SGD; the rate is set anew at every step."""
    method = torch.optim.Adam if parameters.optimiser == "adam" else torch.optim.SGD
    return method([trained], lr=parameters.rate)
