"""`particle-sgd-torch`: a mean-field network trained by plain SGD on the Ritz energy over unbiased samples.

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
directions share the energy. `weight_ess` tells. The twin of `particle-sgd`, which is the same in jax.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from mfbench import Checkpoint, Context
from mfbench.tasks.committor import CommittorProblem

from .blocks import network, watch
from .blocks.ansatz import Ansatz, ansatz, scale_of
from .blocks.departure import FIRST_SIZE, departure
from .blocks.descent import tail_average
from .blocks.emus import effective_share
from .blocks.hot_law import weights_of
from .blocks.landscape import SURVEYED, Places, survey
from .blocks.lift import lift_of
from .blocks.ritz import energy_density
from .blocks.sampler import ACCEPTANCE, Walkers, adapt, attempt, gain_at
from .particle_sgd_entry import MeanField

UPDATES = 8
BURN_IN = 200
"""Moves before the first update: step sizes settle, walkers forget where they started in their basin."""
AVERAGING = 8.0
"""Power of time with which updates count in the rate: it should be that of the solution as it stands."""
GROUPS = 16
"""Of walkers, half of each from A and half from B."""
TRAINING = torch.float32


class State(NamedTuple):
    """All that the next update needs; `unit` is the first energy that is not 0, `energy` of all walkers and `groups` of each
    group, (GROUPS,), are running means, `share` is the effective one of the last update's weights."""

    step: int
    particles: torch.Tensor
    places: Places
    size: torch.Tensor
    watch: watch.Watch
    unit: torch.Tensor
    energy: torch.Tensor
    groups: torch.Tensor
    share: torch.Tensor


def solve(problem: CommittorProblem, parameters: MeanField, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the network as it stands, with its lift."""
    device = torch.device(context.device)
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    generator = torch.Generator(device).manual_seed(seed)
    lift = lift_of(problem, parameters.lift_depth)
    visit = survey(problem, lift)
    model = ansatz(problem, lift, network.mean_field)

    escaped = watch.counter(problem.box)

    def walked(
        places: Places, size: torch.Tensor, noticed: watch.Watch, step: int, moves: int, gain: float
    ) -> tuple[Places, torch.Tensor, watch.Watch]:
        """Places, step size and what was noticed after unbiased moves; walkers of shape (P, 1)."""
        walkers = unbiased(places)
        for _ in range(moves):
            walkers, accepted, tried = attempt(
                generator, walkers, size, torch.zeros_like, torch.zeros_like, visit, unbiased, parameters.heat
            )
            noticed = watch.tried(noticed, step, tried)
            size = adapt(size, accepted, ACCEPTANCE, gain)
        return walkers.places, size, escaped(noticed, walkers.places)

    def update(state: State) -> State:
        gain, step = gain_at(state.step), state.step + 1
        places, size, noticed = walked(state.places, state.size, state.watch, step, parameters.moves, gain)
        weights = weights_of(places, parameters.heat)
        parts, slope = energy_and_slope(model, state.particles, places, weights)
        # Where sets hold whole basins all walkers may be in them at first, and nothing pulls.
        unit = torch.where(state.unit > 0.0, state.unit, torch.mean(parts))
        particles = state.particles - parameters.step * parameters.particles / (unit + 1e-30) * slope
        energy = tail_average(state.energy, torch.mean(parts), state.step, AVERAGING)
        groups = tail_average(state.groups, by_group(parts), state.step, AVERAGING)
        return State(step, particles, places, size, noticed, unit, energy, groups, effective_share(weights))

    first = torch.as_tensor(starts(problem, parameters.walkers, context.seed), dtype=TRAINING, device=device)
    size = torch.full((1,), FIRST_SIZE * scale_of(problem).length ** 2, dtype=TRAINING, device=device)
    places = visit(first)
    places, size, noticed = walked(places, size, watch.nothing(places), 0, BURN_IN, 0.1)
    particles = network.particles(generator, problem.dim, parameters.particles, TRAINING)
    parts = energy_and_slope(model, particles, places, weights_of(places, parameters.heat))[0]
    unit, none = torch.mean(parts), torch.zeros_like(by_group(parts))
    state = State(0, particles, places, size, noticed, unit, none[0], none, none[0])
    visited = SURVEYED + parameters.walkers * (1 + BURN_IN)
    while True:
        watch.check(state.watch, state.step, float(state.energy))
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=state.particles,
            work={"evaluations": visited, "samples": parameters.walkers * state.step},
            reports={
                "rate": float(state.energy) / problem.beta,
                "rate_error": float(torch.std(state.groups)) / len(state.groups) ** 0.5 / problem.beta,
                "walkers_escaped": float(state.watch.escaped),
                "weight_ess": float(state.share),
                "particle_time": parameters.step * state.step,
                "steps": float(state.step),
            }
            if state.step
            else {},
        )
        for _ in range(UPDATES):
            state = update(state)
        visited += UPDATES * parameters.moves * parameters.walkers


def unbiased(places: Places) -> Walkers:
    """Walkers whom no window holds: nothing depends on their coordinate."""
    return Walkers(places, torch.zeros_like(places.lift), torch.zeros_like(places.x))


def energy_and_slope(
    model: Ansatz, particles: torch.Tensor, places: Places, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The Ritz energy of each walker (P, 1), whose mean is the weighted one over walkers and, to first order, their
    spread that of the ratio; and the gradient of that mean by the particles (n, d + 2)."""
    moving = particles.detach().requires_grad_()
    seen = model.walkers(moving, places)
    rows = energy_density(seen.s, seen.s_slope, places.free)
    value = torch.mean(weights * rows)
    (slope,) = torch.autograd.grad(value, moving)
    return (value + weights * (rows - value)).detach(), slope


def by_group(rows: torch.Tensor) -> torch.Tensor:
    """Means over groups of walkers (P, 1), (GROUPS,); fewer where there are fewer walkers."""
    number = min(GROUPS, len(rows))
    return torch.stack([torch.mean(rows[group::number]) for group in range(number)])


def starts(problem: CommittorProblem, walkers: int, seed: int) -> np.ndarray:
    """Walkers (P, 1, d), half of them in A and half in B."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    return np.swapaxes(departure(rng, problem.start_a, problem.start_b, 1, walkers), 0, 1)
