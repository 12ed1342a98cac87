"""Stochastic descent on the Ritz energy over weighted walkers: noisy, but it leads from everywhere to near q.

The weights are held fixed. The energy spans many decades between problems, and its running mean is the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from .ansatz import Ansatz
from .descent import tail_average
from .ritz import energy_density
from .sampler import Walkers
from .weighing import Seen

LARGEST_GRADIENT = 10.0
AVERAGING = 8.0


class Descent(NamedTuple):
    """Steps taken, the average of the trained parameters (P,), and the running energy."""

    step: int
    average: torch.Tensor
    energy: torch.Tensor


def make_descent(
    model: Ansatz,
    params: torch.Tensor,
    make_optimiser: Callable[[torch.Tensor], torch.optim.Optimizer],
    rate: Callable[[int], float],
    beside: Callable[[torch.Tensor, Walkers], torch.Tensor] | None = None,
) -> tuple[Descent, Callable[[Descent, Seen], Descent]]:
    """The start at parameters (P,), and the step; what is trained, and its moments, stay with the optimiser.

    Args:
        model: of the solution.
        params: where descent starts; they stay as they are.
        make_optimiser: trained parameters -> the method that steps them.
        rate: its learning rate at a step.
        beside: (parameters, their Walkers) -> a loss in units of the energy, added to it.
    """
    trained = params.clone().requires_grad_()
    optimiser = make_optimiser(trained)

    def descend(state: Descent, seen: Seen) -> Descent:
        walkers = model.walkers(trained, seen.walkers.places)
        energy = weighted_energy(walkers, seen.weights)
        unit = state.energy + max(1.0 / (state.step + 1.0), 0.05) * (energy.detach() - state.energy)
        loss = energy / (unit + 1e-30)
        if beside is not None:
            loss = loss + beside(trained, walkers)
        (trained.grad,) = torch.autograd.grad(loss, trained)
        torch.nn.utils.clip_grad_norm_([trained], LARGEST_GRADIENT)
        optimiser.param_groups[0]["lr"] = rate(state.step)
        optimiser.step()
        average = tail_average(state.average, trained.detach(), state.step, AVERAGING)
        return Descent(state.step + 1, average, unit)

    return Descent(0, params, params.new_zeros(())), descend


def weighted_energy(walkers: Walkers, weights: torch.Tensor) -> torch.Tensor:
    """The Ritz energy with weights (R, L) of walkers (R, L) under mu."""
    density = energy_density(walkers.s, walkers.s_slope, walkers.places.free)
    return torch.sum(torch.mean(weights * density, dim=0))
