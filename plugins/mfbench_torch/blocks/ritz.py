"""The Ritz energy of a committor written by its logit, f = sigmoid(z)."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid


def energy_density(logit: torch.Tensor, logit_slope: torch.Tensor, free: torch.Tensor) -> torch.Tensor:
    """|grad f|^2 = (f (1 - f))^2 |grad z|^2 outside A and B, 0 inside.

    Args:
        logit: (...) z; f (1 - f) is taken from it, so that nothing is lost where f rounds to 0 or 1.
        logit_slope: (..., d) grad z.
        free: (...) True outside A and B.
    """
    log_product = logsigmoid(logit) + logsigmoid(-logit)
    square = torch.sum(logit_slope**2, dim=-1)
    return torch.where(free, torch.exp(2.0 * log_product) * square, 0.0)


def violation(logit: torch.Tensor, in_a: torch.Tensor, in_b: torch.Tensor) -> torch.Tensor:
    """Mean of f^2 over points of A plus mean of (1 - f)^2 over points of B; logits and booleans (n,)."""
    return mean_where(in_a, torch.sigmoid(logit) ** 2) + mean_where(in_b, torch.sigmoid(-logit) ** 2)


def mean_where(mask: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Mean of values (n,) where the mask is True; 0 where it is nowhere."""
    return torch.sum(torch.where(mask, values, 0.0)) / torch.clamp(torch.sum(mask), min=1)
