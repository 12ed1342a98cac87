"""Walkers under V and the bias of their windows: Metropolis-adjusted Langevin steps.

Array layout everywhere: (R, L) for R independent ladders of L windows. A step of size h (units of
length squared, time times kT) with energy E = beta V + W_l(s(x)) proposes

    y = x - h c(x) grad E(x) + sqrt(2 h) xi,

where c <= 1 bounds the drift to TAMING times the noise's typical length sqrt(2 h d), and accepts by
Metropolis with this very proposal density: the invariant law is exp(-E) exactly, taming included
(Roberts and Tweedie 1996, section 1.4.3). Hot walkers have beta V / heat for beta V.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from .landscape import Places

TAMING = 2.0
ACCEPTANCE = 0.6
"""That step sizes aim at."""


class Walkers(NamedTuple):
    """Places (R, L, ...) and the biased coordinate s (R, L) with its gradient (R, L, d) there."""

    places: Places
    s: torch.Tensor
    s_slope: torch.Tensor


Look = Callable[[Places], Walkers]
"""Places -> walkers there, by the current solution."""
Bias = Callable[[torch.Tensor], torch.Tensor]
"""(R, L) coordinates -> (R, L) own biases."""


def _drift(walkers: Walkers, slope: Bias, h: torch.Tensor, heat: float) -> torch.Tensor:
    """-h c grad E, (R, L, d)."""
    force = torch.addcmul(walkers.places.energy_slope / heat, slope(walkers.s)[..., None], walkers.s_slope)
    length = torch.linalg.vector_norm(force, dim=-1)
    limit = TAMING * torch.sqrt(2.0 * force.shape[-1] / h)
    return -(h * torch.clamp(limit / (length + 1e-30), max=1.0))[..., None] * force


class Attempt(NamedTuple):
    """One step: the walkers after it, their acceptance probabilities (R, L), and the places that they tried."""

    walkers: Walkers
    probability: torch.Tensor
    tried: Places


def attempt(
    generator: torch.Generator,
    walkers: Walkers,
    h: torch.Tensor,
    bias: Bias,
    slope: Bias,
    visit: Callable[[torch.Tensor], Places],
    look: Look,
    heat: float = 1.0,
) -> Attempt:
    """One step of every walker. A place whose energy is no finite number is never entered.

    Args:
        generator: of noise and decisions, on the walkers' device.
        walkers: (R, L).
        h: (L,) step sizes.
        bias, slope: own bias W_l and dW_l/ds of (R, L) coordinates.
        visit: x -> Places.
        look: Places -> Walkers.
        heat: temperature over the problem's.
    """
    x = walkers.places.x
    drift = _drift(walkers, slope, h, heat)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    forth = drift + torch.sqrt(2.0 * h)[:, None] * noise
    new = look(visit(x + forth))
    # The way there minus its drift, the way back minus its own.
    there = torch.sum((forth - drift) ** 2, dim=-1)
    back = torch.sum((forth + _drift(new, slope, h, heat)) ** 2, dim=-1)
    fallen = (walkers.places.energy - new.places.energy) / heat
    gain = fallen + bias(walkers.s) - bias(new.s) + (there - back) / (4.0 * h)
    probability = torch.exp(torch.clamp(torch.nan_to_num(gain, nan=-math.inf, posinf=-math.inf), max=0.0))
    draw = torch.rand(gain.shape, generator=generator, dtype=gain.dtype, device=gain.device)
    return Attempt(choose(draw < probability, new, walkers), probability, new.places)


def choose(accept: torch.Tensor, new: Walkers, old: Walkers) -> Walkers:
    """New walkers where accept (R, L), old ones elsewhere."""
    rows = accept[..., None]

    def pick(n: torch.Tensor, o: torch.Tensor) -> torch.Tensor:
        return torch.where(accept if n.ndim == accept.ndim else rows, n, o)

    places = Places(*map(pick, new.places, old.places))
    return Walkers(places, pick(new.s, old.s), pick(new.s_slope, old.s_slope))


def exchange(generator: torch.Generator, walkers: Walkers, bias: Bias, parity: int) -> Walkers:
    """Swap neighbours (l, l + 1), l of the given parity, by Metropolis; leaves each window's law unchanged."""
    number = walkers.s.shape[1]
    index = torch.arange(number, device=walkers.s.device)
    partner = torch.where((index - parity) % 2 == 0, index + 1, index - 1)
    partner = torch.where((partner < 0) | (partner >= number), index, partner)
    gain = bias(walkers.s) - bias(walkers.s[:, partner])
    gain = gain + gain[:, partner]
    draw = torch.rand(gain.shape, generator=generator, dtype=gain.dtype, device=gain.device)
    accept = draw[:, torch.minimum(index, partner)] < torch.exp(torch.clamp(gain, max=0.0))
    places = Places(*(part[:, partner] for part in walkers.places))
    swapped = Walkers(places, walkers.s[:, partner], walkers.s_slope[:, partner])
    return choose(accept, swapped, walkers)


def adapt(h: torch.Tensor, acceptance: torch.Tensor, target: float, gain: float) -> torch.Tensor:
    """Step sizes (L,) moved towards the target acceptance by a Robbins-Monro step in log h."""
    return h * torch.exp(gain * (torch.mean(acceptance, dim=0) - target))


def gain_at(look: int) -> float:
    """Gain of `adapt` at a look: step sizes settle, and still follow a solution that changes."""
    return 0.2 / math.sqrt(1.0 + look / 200)
