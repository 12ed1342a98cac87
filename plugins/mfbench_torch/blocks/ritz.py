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


def violation(logit_a: torch.Tensor, logit_b: torch.Tensor) -> torch.Tensor:
    """Mean of f^2 over points of A plus mean of (1 - f)^2 over points of B, from their logits (m,), (k,)."""
    return torch.mean(torch.sigmoid(logit_a) ** 2) + torch.mean(torch.sigmoid(-logit_b) ** 2)
