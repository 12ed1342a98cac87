"""`particle-sgd-torch`: a mean-field network trained by plain SGD on the Ritz energy over unbiased samples.

The network's n units are particles theta_i = (c_i, w_i, b_i); the free part of the logit is

    g(x) = (1/n) sum_i c_i tanh(w_i . x + b_i),

and one update moves every particle by dt in particle time, theta_i <- theta_i - dt n grad_{theta_i} L: no 1/n in
the step, so that the motion has a limit as n grows (Rotskoff, Vanden-Eijnden, arXiv 1805.00915). L is the mean of
|grad f|^2 over walkers that follow the invariant measure, in units of its value at the start. Where transitions are
rare no walker ever sees one, and the energy that it minimises is that of the basins: the failure that active
importance sampling mends.

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

from .blocks import network
from .blocks.ansatz import Ansatz, ansatz, scale_of
from .blocks.departure import departure
from .blocks.emus import effective_share
from .blocks.hot_law import heated, weights_of
from .blocks.landscape import Places, survey
from .blocks.lift import lift_of
from .blocks.ritz import energy_density
from .blocks.sampler import ACCEPTANCE, Walkers, adapt, gain_at, langevin_step
from .particle_sgd_entry import MeanField

UPDATES = 8
BURN_IN = 200
"""Moves before the first update: step sizes settle, walkers forget where they started in their basin."""
TRAINING = torch.float32


class State(NamedTuple):
    """All that the next update needs, and the effective share of the last one's weights."""

    step: int
    particles: torch.Tensor
    places: Places
    size: torch.Tensor
    energy: torch.Tensor
    share: torch.Tensor


def solve(problem: CommittorProblem, parameters: MeanField, context: Context) -> Iterator[Checkpoint]:
    """Train until stopped; a checkpoint is the network as it stands, with its lift."""
    device = torch.device(context.device)
    seed = int(np.random.SeedSequence(context.seed).generate_state(1)[0])
    generator = torch.Generator(device).manual_seed(seed)
    lift = lift_of(problem, parameters.lift_depth)
    visit = heated(survey(problem, lift), parameters.heat)
    model = ansatz(problem, lift, network.mean_field)

    def walked(places: Places, size: torch.Tensor, moves: int, gain: float) -> tuple[Places, torch.Tensor]:
        """Places and step size after unbiased moves; walkers of shape (P, 1)."""
        walkers = unbiased(places)
        for _ in range(moves):
            walkers, accepted = langevin_step(
                generator, walkers, size, torch.zeros_like, torch.zeros_like, visit, unbiased
            )
            size = adapt(size, accepted, ACCEPTANCE, gain)
        return walkers.places, size

    def update(state: State) -> State:
        gain = gain_at(state.step)
        places, size = walked(state.places, state.size, parameters.moves, gain)
        weights = weights_of(places, parameters.heat)
        value, slope = energy_and_slope(model, state.particles, places, weights)
        particles = state.particles - parameters.step * parameters.particles / unit * slope
        energy = state.energy + (value - state.energy) / (state.step + 1.0)
        return State(state.step + 1, particles, places, size, energy, effective_share(weights))

    first = torch.as_tensor(starts(problem, parameters.walkers, context.seed), dtype=TRAINING, device=device)
    size = torch.full((1,), (0.01 * scale_of(problem).length) ** 2, dtype=TRAINING, device=device)
    places, size = walked(visit(first), size, BURN_IN, 0.1)
    particles = network.particles(generator, problem.dim, parameters.particles, TRAINING)
    unit = energy_and_slope(model, particles, places, weights_of(places, parameters.heat))[0] + 1e-30
    state = State(0, particles, places, size, *torch.zeros(2, dtype=TRAINING, device=device))
    visited = parameters.walkers * (1 + BURN_IN)
    while True:
        yield Checkpoint(
            evaluate=model.evaluate,
            gradient=model.gradient,
            state=state.particles,
            work={"evaluations": visited, "samples": parameters.walkers * state.step},
            reports={
                "rate": float(state.energy) / problem.beta,
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
    """The Ritz energy, the weighted mean over walkers, and its gradient by the particles (n, d + 2)."""
    moving = particles.detach().requires_grad_()
    seen = model.walkers(moving, places)
    value = torch.mean(weights * energy_density(seen.s, seen.s_slope, places.free))
    (slope,) = torch.autograd.grad(value, moving)
    return value.detach(), slope


def starts(problem: CommittorProblem, walkers: int, seed: int) -> np.ndarray:
    """Walkers (P, 1, d), half of them in A and half in B."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    return np.swapaxes(departure(rng, problem.start_a, problem.start_b, 1, walkers), 0, 1)
