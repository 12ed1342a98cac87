"""Boundary values that are learned: f near 0 on A and near 1 on B, from a start that already has them.

A penalty of fixed weight must be large against the Ritz energy beta nu, which nobody knows beforehand; in units of
the running energy it follows it. With f = a on A and 1 - a on B and weight p, the least of (1 - 2a)^2 + 2 p a^2 with
the unit at its own value solves a (1 - 2a) = 1 / p: a = 1 / p nearly, if the start lies on that side. From a
constant the energy, and with it the unit, is zero and stays so: hence the fit beforehand. It ends at a = 1 / p: a
steeper start leaves no walker between A and B.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.functional import softplus

from .ritz import violation

MOST_STEPS = 1000
FIT_RATE = 1e-2


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the values where the mask is True, 0 if nowhere."""
    return torch.sum(torch.where(mask, values, 0.0)) / torch.clamp(torch.sum(mask), min=1)


def violation_of_walkers(logit: torch.Tensor, in_a: torch.Tensor, in_b: torch.Tensor) -> torch.Tensor:
    """Mean of f^2 over walkers in A plus mean of (1 - f)^2 over walkers in B."""
    return masked_mean(torch.sigmoid(logit) ** 2, in_a) + masked_mean(torch.sigmoid(-logit) ** 2, in_b)


def fitted(
    params: torch.Tensor, error: float, logits: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
) -> torch.Tensor:
    """Parameters fitted by Adam to f = 0 on A and 1 on B: the cross entropy over points of both.

    Args:
        params: where to start.
        error: mean of f^2 on A plus mean of (1 - f)^2 on B at which to stop.
        logits: params -> logits at points of A and at points of B.
    """
    moving = params.clone().requires_grad_()
    method = torch.optim.Adam([moving], lr=FIT_RATE)
    for _ in range(MOST_STEPS):
        in_a, in_b = logits(moving)
        if violation(in_a, in_b) <= error:
            break
        loss = torch.mean(softplus(in_a)) + torch.mean(softplus(-in_b))
        (moving.grad,) = torch.autograd.grad(loss, moving)
        method.step()
    return moving.detach()
