"""Weights of umbrella windows from their overlaps (EMUS).

With phi_l = exp(-W_l), c = sum_l phi_l and E_l the mean in window l, the overlap matrix
F_lm = E_l[phi_m / c] is stochastic and its stationary vector z = z F holds the windows' masses
z_l = int phi_l dmu (up to a factor); then, exactly,

    E_mu[g] = sum_l z_l E_l[g / c] / sum_l z_l E_l[1 / c].

Thiede, Van Koten, Weare, Dinner (2016), eqs. 10-14.
"""

from __future__ import annotations

import numpy as np
import torch

FLOOR = 1e-12
"""Added between neighbours, so that windows that never met still have finite, positive weights."""


def shares(biases: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """phi_m / c (..., L) and log c (...) from the biases of all windows W_m (..., L)."""
    log_total = torch.logsumexp(-biases, dim=-1)
    return torch.exp(-biases - log_total[..., None]), log_total


def masses(overlap: torch.Tensor) -> torch.Tensor:
    """Stationary vectors (..., L), sum 1, of stochastic matrices (..., L, L).

    State reduction after Grassmann, Taksar and Heyman (1985): no subtraction, so that every
    entry keeps its relative accuracy even where entries differ by e^40. L is small and the steps depend on
    each other: numpy takes them faster than any device.
    """
    number = overlap.shape[-1]
    reduced = overlap.numpy(force=True) + FLOOR * (np.eye(number, k=1) + np.eye(number, k=-1))
    for last in range(number - 1, 0, -1):
        leave = reduced[..., last, :last]
        reduced[..., :last, last] /= np.sum(leave, axis=-1, keepdims=True)
        reduced[..., :last, :last] += reduced[..., :last, last, None] * leave[..., None, :]
    z = np.ones(reduced.shape[:-1])
    for state in range(1, number):
        z[..., state] = np.sum(z[..., :state] * reduced[..., :state, state], axis=-1)
    return torch.from_numpy(z / np.sum(z, axis=-1, keepdims=True)).to(overlap)


def effective_share(weights: torch.Tensor) -> torch.Tensor:
    """Kish's effective sample size (sum w)^2 / sum w^2 as a share of the number of weights."""
    return torch.sum(weights) ** 2 / (weights.numel() * torch.sum(weights**2))
