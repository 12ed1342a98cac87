"""Walkers under any energy: Metropolis-adjusted Langevin steps, one step size for each half of them.

A step of size h with energy E, in units of kT, proposes y = x - h c(x) grad E(x) + sqrt(2 h) xi, where c <= 1
bounds the drift, and accepts by Metropolis with this very proposal: the invariant law is exp(-E) exactly
(Roberts, Tweedie, Bernoulli 2 (1996) 341, section 1.4.3). Metropolis would refuse a place without a finite energy; it ends
the trial instead, as it does for the solvers of this suite.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

from mfbench import Diverged

Energy = Callable[[torch.Tensor], torch.Tensor]
"""(n, d) -> (n,), differentiable by rows."""

TAMING = 2.0
"""The drift is at most this many times the noise's typical length sqrt(2 h d)."""
ACCEPTANCE = 0.6
GAIN = 0.05


class Walkers(NamedTuple):
    """Places (n, d), E (n,) and grad E (n, d) there, step sizes h (n,), and steps that all have taken."""

    x: torch.Tensor
    energy: torch.Tensor
    slope: torch.Tensor
    h: torch.Tensor
    steps: int = 0


def arrive(energy: Energy, x: torch.Tensor, h: torch.Tensor, steps: int = 0) -> Walkers:
    """Walkers at places x with step sizes h after so many steps: one evaluation of the energy each.

    Raises:
        Diverged: an energy is no finite number, with the step and the energy.
    """
    at = x.detach().requires_grad_()
    value = energy(at)
    bad = ~torch.isfinite(value)
    if torch.any(bad):
        raise Diverged(
            f"step {steps}: the energy in kT is {float(value.detach()[bad].sum())} at {int(torch.sum(bad))} places that "
            "walkers tried; expected finite values where the sampler goes. Bound the potential, or shorten the range of V."
        )
    (slope,) = torch.autograd.grad(value.sum(), at)
    return Walkers(x.detach(), value.detach(), slope, h, steps)


def walked(walkers: Walkers, energy: Energy, moves: int, generator: torch.Generator) -> Walkers:
    """The walkers after so many steps; step sizes follow the mean acceptance of the half that shares them."""
    for _ in range(moves):
        x, h = walkers.x, walkers.h[:, None]
        there = _drift(walkers) + torch.sqrt(2.0 * h) * torch.randn(
            x.shape, dtype=x.dtype, generator=generator
        )
        new = arrive(energy, x + there, walkers.h, walkers.steps + 1)
        forward = torch.sum((there - _drift(walkers)) ** 2, dim=1)
        backward = torch.sum((there + _drift(new)) ** 2, dim=1)
        gain = walkers.energy - new.energy + (forward - backward) / (4.0 * walkers.h)
        probability = torch.where(torch.isfinite(gain), torch.exp(torch.clamp(gain, max=0.0)), 0.0)
        accept = torch.rand(len(x), dtype=x.dtype, generator=generator) < probability
        kept = [
            torch.where(accept.reshape(-1, *[1] * (n.ndim - 1)), n, o)
            for n, o in zip(new[:3], walkers[:3], strict=True)
        ]
        halves = torch.tensor_split(probability, 2)
        means = torch.cat([half.mean().expand(len(half)) for half in halves])
        walkers = Walkers(*kept, walkers.h * torch.exp(GAIN * (means - ACCEPTANCE)), new.steps)
    return walkers


def _drift(walkers: Walkers) -> torch.Tensor:
    """-h c grad E, (n, d)."""
    length = torch.linalg.norm(walkers.slope, dim=1)
    limit = TAMING * torch.sqrt(2.0 * walkers.x.shape[1] / walkers.h)
    factor = walkers.h * torch.clamp(limit / (length + 1e-30), max=1.0)
    return -factor[:, None] * walkers.slope
