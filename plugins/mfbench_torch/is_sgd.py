"""`is-sgd-torch`: the Ritz energy by stochastic gradients on actively importance-sampled points.

One update, with f = sigmoid(z) the current solution and windows l = 1 ... L along z:

    1. every walker takes a few Metropolis-adjusted Langevin steps under V + W_l, and neighbours exchange;
    2. the running overlaps give the windows' masses z_l (EMUS), hence each walker's weight under mu;
    3. the weighted mean of |grad f|^2, weights held fixed, gives the gradient, and the optimiser its step;
    4. the windows follow the walkers.

Walkers feel, and the weights use, the averaged solution: it moves slowly, so that walkers keep up. What is handed
over is that solution with the values on its level sets set by the flux through them (`blocks/levels.py`).
Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334. The twin of `is-sgd`, which is the same in jax.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import levels, network, placement, running, watch
from .blocks.ansatz import Ansatz, ansatz, scale_of
from .blocks.descent import anytime, tail_average
from .blocks.emus import effective_share, shares
from .blocks.landscape import Places, survey
from .blocks.lift import lift_of
from .blocks.ritz import energy_density, violation
from .blocks.sampler import Walkers, adapt, attempt, exchange
from .blocks.windows import bias, bias_slope
from .is_sgd_entry import ImportanceSampling

UPDATES = 4
"""Updates between two checkpoints: tens of milliseconds."""
LOGIT_ENDS = (-3.0, 3.0)
"""Of windows in q, whose open outer ones follow the law to where nobody knows: levels are set from q = .007 on."""
ACCEPTANCE = 0.6
LARGEST_GRADIENT = 10.0
AVERAGING = 8.0
TRAINING = torch.float32


class State(NamedTuple):
    """What the next update needs beside the trained parameters; the energy is a running mean that scales the gradient."""

    step: int
    average: torch.Tensor
    places: Places
    sizes: torch.Tensor
    placement: placement.Placement
    seen: running.Running
    energy: torch.Tensor
    watch: watch.Watch


class Solution(NamedTuple):
    """What a checkpoint holds: the averaged network and the shift of its levels."""

    network: torch.Tensor
    shift: torch.Tensor


def solve(
    problem: CommittorProblem, parameters: ImportanceSampling, context: Context
) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the averaged network with its lift and the shift of its levels."""
    device = torch.device(context.device)
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    generator = torch.Generator(device).manual_seed(seed)
    lift = lift_of(problem, parameters.lift_depth)
    visit = survey(problem, lift)
    model = ansatz(problem, lift, make_network(problem.dim, parameters))
    escaped = watch.counter(problem)
    ladders, windows = parameters.ladders, parameters.windows
    in_logit = parameters.windows_in == "logit"

    def on_device(points: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(points, dtype=TRAINING, device=device)

    boundary_a, boundary_b = (visit(on_device(points)) for points in (problem.start_a, problem.start_b))

    def coordinate(logit: torch.Tensor) -> torch.Tensor:
        return logit if in_logit else torch.sigmoid(logit)

    def coordinate_slope(logit: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(logit) if in_logit else torch.sigmoid(logit) * torch.sigmoid(-logit)

    def sampled(state: State) -> tuple[Walkers, torch.Tensor, torch.Tensor, watch.Watch]:
        """Step 1: walkers, step sizes, the biases (R, L, L) of each walker in every window, and what was noticed."""
        here = placement.windows_of(state.placement, TRAINING)
        gain = 0.2 / math.sqrt(1.0 + state.step / 200)
        look = partial(model.walkers, state.average)

        def own_bias(logit: torch.Tensor) -> torch.Tensor:
            return bias(here, coordinate(logit))

        def own_slope(logit: torch.Tensor) -> torch.Tensor:
            return bias_slope(here, coordinate(logit)) * coordinate_slope(logit)

        walkers, sizes, noticed = look(state.places), state.sizes, state.watch
        for _ in range(parameters.moves):
            walkers, accepted, tried = attempt(generator, walkers, sizes, own_bias, own_slope, visit, look)
            noticed = watch.tried(noticed, state.step, tried)
            sizes = adapt(sizes, accepted, ACCEPTANCE, gain)
        if parameters.exchange:
            walkers = exchange(generator, walkers, own_bias, state.step % 2)
        return (
            walkers,
            sizes,
            bias(here, coordinate(walkers.s)[..., None]),
            escaped(noticed, walkers.places),
        )

    def boundary_logits(params: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return model.walkers(params, boundary_a).s, model.walkers(params, boundary_b).s

    params = make_parameters(generator, problem.dim, parameters)
    trained = params.clone().requires_grad_()
    optimiser = make_optimiser(trained, parameters)
    # Particle time: n times the slope by one of n particles has a limit.
    plain = parameters.network == "mean-field" and parameters.optimiser == "sgd"
    time = float(parameters.width) if plain else 1.0

    def update(state: State) -> State:
        walkers, sizes, biases, noticed = sampled(state)

        # Step 2: weights under mu.
        phi_share, log_total = shares(biases)
        inverse = torch.exp(-log_total)
        density = energy_density(walkers.s, walkers.s_slope, walkers.places.free) * inverse
        news = running.Running(phi_share, inverse, levels.binned(walkers.s, density))
        seen = running.updated(state.seen, news, state.step, parameters.memory)
        weights = (running.weights_of(seen) * inverse).to(TRAINING)

        # Step 3: the Ritz energy of the parameters that are trained.
        value, gradient = energy_and_slope(model, trained, walkers.places, weights)
        # The energy spans many decades between problems: its running mean is the unit.
        unit = state.energy + max(1.0 / (state.step + 1.0), 0.05) * (value - state.energy)
        gradient = gradient / (unit + 1e-30)
        trained.grad = gradient
        torch.nn.utils.clip_grad_norm_([trained], LARGEST_GRADIENT)
        optimiser.param_groups[0]["lr"] = time * anytime(
            parameters.rate, parameters.warm_up, parameters.halving, state.step
        )
        optimiser.step()
        average = tail_average(state.average, trained.detach(), state.step, AVERAGING)

        # Step 4.
        stand = placement.moved(state.placement, walkers, biases) if in_logit else state.placement
        return State(state.step + 1, average, walkers.places, sizes, stand, seen, unit, noticed)

    def told(state: State) -> tuple[Solution, dict[str, float]]:
        """The solution to hand over, and what is said of it."""
        (rate, dirichlet), (error, dirichlet_error) = running.rates(state.seen, problem.beta)
        here = placement.windows_of(state.placement, TRAINING)
        walkers = model.walkers(state.average, state.places)
        _, log_total = shares(bias(here, coordinate(walkers.s)[..., None]))
        weights = running.weights_of(state.seen) * torch.exp(-log_total)
        ends = (state.placement.low, state.placement.high) if in_logit else LOGIT_ENDS
        shift = running.shift(state.seen, *ends) if parameters.calibrate else unmoved
        found = {
            "rate": rate,
            "rate_error": error,
            "rate_dirichlet": dirichlet,
            "rate_dirichlet_error": dirichlet_error,
            "window_overlap": running.least_overlap(state.seen),
            "weight_ess": effective_share(weights),
            "boundary_violation": violation(*boundary_logits(state.average)),
            "window_low": state.placement.low,
            "window_high": state.placement.high,
            "walkers_escaped": state.watch.escaped,
            "steps": state.step,
        }
        return Solution(state.average, shift), {name: float(value) for name, value in found.items()}

    places = visit(on_device(starts(problem, ladders, windows, context.seed)))
    unmoved = torch.from_numpy(levels.UNMOVED).to(device)
    state = State(
        step=0,
        average=params,
        places=places,
        sizes=torch.full((windows,), (0.01 * scale_of(problem).length) ** 2, dtype=TRAINING, device=device),
        placement=placement.start(windows, in_logit, device),
        seen=running.nothing(ladders, windows, device),
        energy=torch.zeros((), dtype=TRAINING, device=device),
        watch=watch.tried(watch.Watch(), 0, places),
    )

    def evaluate(solution: Solution, x: np.ndarray) -> np.ndarray:
        return model.evaluate(solution.network, x, solution.shift)

    def gradient(solution: Solution, x: np.ndarray) -> np.ndarray:
        return model.gradient(solution.network, x, solution.shift)

    solution, reports = Solution(params, unmoved), {}
    visited = ladders * windows + len(problem.start_a) + len(problem.start_b)
    while True:
        watch.check(state.watch, state.step, float(state.energy))
        yield Checkpoint(
            evaluate=evaluate,
            gradient=gradient,
            state=solution,
            work={"evaluations": visited, "samples": ladders * windows * state.step},
            reports=reports,
        )
        for _ in range(UPDATES):
            state = update(state)
        solution, reports = told(state)
        visited += UPDATES * parameters.moves * ladders * windows


def make_network(
    dim: int, parameters: ImportanceSampling
) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """(flat params, x) -> values of the network asked for."""
    if parameters.network == "perceptron":
        shape = network.Shape(dim, parameters.width, parameters.depth)
        return lambda flat, x: network.apply(network.layers_of(shape, flat), x)
    return lambda flat, x: network.mean_field(flat.view(parameters.width, dim + 2), x)


def make_parameters(generator: torch.Generator, dim: int, parameters: ImportanceSampling) -> torch.Tensor:
    """Random flat parameters of that network, which vanishes as it starts."""
    if parameters.network == "perceptron":
        shape = network.Shape(dim, parameters.width, parameters.depth)
        return network.perceptron(generator, shape, TRAINING)
    return network.particles(generator, dim, parameters.width, TRAINING).flatten()


def make_optimiser(trained: torch.Tensor, parameters: ImportanceSampling) -> torch.optim.Optimizer:
    """Adam or plain SGD; the rate is set anew at every step."""
    method = torch.optim.Adam if parameters.optimiser == "adam" else torch.optim.SGD
    return method([trained], lr=parameters.rate)


def energy_and_slope(
    model: Ansatz, params: torch.Tensor, places: Places, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The Ritz energy with weights (R, L) of walkers (R, L) under mu, and its gradient by the parameters (P,)."""
    seen = model.walkers(params, places)
    value = torch.sum(torch.mean(weights * energy_density(seen.s, seen.s_slope, places.free), dim=0))
    (slope,) = torch.autograd.grad(value, params)
    return value.detach(), slope


def starts(problem: CommittorProblem, ladders: int, windows: int, seed: int) -> np.ndarray:
    """Walkers (R, L, d): the lower half of the windows starts in A, the upper half in B; nobody between."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    lower = windows // 2
    in_a = problem.start_a[rng.integers(len(problem.start_a), size=(ladders, lower))]
    in_b = problem.start_b[rng.integers(len(problem.start_b), size=(ladders, windows - lower))]
    return np.concatenate([in_a, in_b], axis=1)
