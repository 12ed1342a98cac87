"""Stochastic descent on the Ritz energy over weighted walkers: noisy, but it leads from everywhere to near q.

The weights are held fixed. The energy spans many decades between problems, and its running mean is the unit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from .ansatz import Ansatz
from .descent import tail_average
from .landscape import Places
from .ritz import energy_density
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
    beside: Callable[[torch.Tensor, Places], torch.Tensor] | None = None,
) -> tuple[Descent, Callable[[Descent, Seen], Descent]]:
    """The start at parameters (P,), and the step; what is trained, and its moments, stay with the optimiser.

    Args:
        model: of the solution.
        params: where descent starts; they stay as they are.
        make_optimiser: trained parameters -> the method that steps them.
        rate: its learning rate at a step.
        beside: (parameters, the walkers' places) -> a loss in units of the energy, added to it.
    """
    trained = params.clone().requires_grad_()
    optimiser = make_optimiser(trained)

    def descend(state: Descent, seen: Seen) -> Descent:
        value, gradient = energy_and_slope(model, trained, seen.walkers.places, seen.weights)
        unit = state.energy + max(1.0 / (state.step + 1.0), 0.05) * (value - state.energy)
        trained.grad = gradient / (unit + 1e-30)
        if beside is not None:
            trained.grad += torch.autograd.grad(beside(trained, seen.walkers.places), trained)[0]
        torch.nn.utils.clip_grad_norm_([trained], LARGEST_GRADIENT)
        optimiser.param_groups[0]["lr"] = rate(state.step)
        optimiser.step()
        average = tail_average(state.average, trained.detach(), state.step, AVERAGING)
        return Descent(state.step + 1, average, unit)

    return Descent(0, params, params.new_zeros(())), descend


def energy_and_slope(
    model: Ansatz, params: torch.Tensor, places: Places, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The Ritz energy with weights (R, L) of walkers (R, L) under mu, and its gradient by the parameters (P,)."""
    seen = model.walkers(params, places)
    value = torch.sum(torch.mean(weights * energy_density(seen.s, seen.s_slope, places.free), dim=0))
    (slope,) = torch.autograd.grad(value, params)
    return value.detach(), slope
