"""The flux through the level sets of a solution, and the values that it demands there.

By the co-area formula the Ritz energy of the exact committor between two of its levels c0 < c1 is
beta nu (c1 - c0): the flux J(c), energy per unit of f, is the same through every level. Levels f < c hold only the
share c of the energy, so that training hardly sees the values of f far from the barrier, even where its level
sets are right. Of all functions h(f) of one solution f the energy is least for

    h(c) = int_0^c J^-1 / int_0^1 J^-1,

the committor of the diffusion along f. Here h is a shift of the logit, constant outside the outermost levels seen.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from mfbench.frames import like

SLAB = (0.3, 0.7)
"""Levels between which the rate is taken; their logits are edges of bins."""
SLAB_END = math.log(SLAB[1] / SLAB[0])
"""The logit of the upper one; the lower one's is as far below 0."""
WIDTH = SLAB_END / 2.0
BINS = 192
"""Of WIDTH each along the logit, centred: to +-40, beyond what windows reach."""
EDGES = WIDTH * (np.arange(BINS + 1) - BINS // 2)
UNMOVED = np.zeros(BINS + 1)
BEYOND = 2.0
"""Logits outside the windows up to which walkers are there at all times: the outer windows' medians lie one outside."""
SLACK = 0.02
"""Relative error of the flux that training leaves at f = 1/2; elsewhere it grows as the share of the energy falls."""


def binned(logit: torch.Tensor, amount: torch.Tensor) -> torch.Tensor:
    """Amounts (...) in the bin of their logit, (..., BINS) and zero elsewhere."""
    index = torch.clamp(torch.floor(logit / WIDTH).long() + BINS // 2, 0, BINS - 1)
    return torch.zeros((*amount.shape, BINS), dtype=amount.dtype, device=amount.device).scatter_(
        -1, index[..., None], amount[..., None]
    )


def log_steps() -> np.ndarray:
    """log(f_{k+1} - f_k) between the edges, (BINS,): sinh(w / 2) / (2 cosh cosh), nothing is subtracted."""
    log_cosh = np.logaddexp(EDGES / 2, -EDGES / 2)
    return np.log(2.0 * np.sinh(WIDTH / 2)) - log_cosh[1:] - log_cosh[:-1]


def in_slab() -> np.ndarray:
    """(BINS,) booleans: the bins between the levels SLAB."""
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    return np.abs(middles) < math.log(SLAB[1] / SLAB[0])


def relative_flux(energy: torch.Tensor) -> torch.Tensor:
    """J of every bin in units of that of the slab, from energies (..., BINS); NaN where the slab is empty."""
    slab = torch.sum(energy[..., in_slab()], dim=-1, keepdim=True) / (SLAB[1] - SLAB[0])
    return energy * like(np.exp(-log_steps()), energy) / slab


def shift(
    flux: torch.Tensor,
    error: torch.Tensor,
    low: torch.Tensor | float = -math.inf,
    high: torch.Tensor | float = math.inf,
) -> torch.Tensor:
    """logit h - logit f at EDGES, (BINS + 1,).

    The logarithm of a measured flux is shrunk towards zero, what training believes: its prior variance is
    SLACK^2 / (4 f (1 - f)), one over the energy's share. Bins where nothing was measured follow their neighbours.
    So do those more than BEYOND outside the windows: what walkers left there long ago fades in the running means,
    and with it the flux.
    A few hundred numbers, once per checkpoint: numpy takes them.

    Args:
        flux: (BINS,) relative flux.
        error: (BINS,) its standard error.
        low, high: ends of the windows, in the logit.
    """
    flux_, error_ = flux.numpy(force=True), error.numpy(force=True)
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    seen = (flux_ > 0) & np.isfinite(flux_) & np.isfinite(error_)
    seen &= (middles > float(low) - BEYOND) & (middles < float(high) + BEYOND)
    if not np.any(seen):
        return torch.zeros(BINS + 1).to(flux)
    prior = SLACK**2 * np.cosh(middles[seen] / 2) ** 2
    shrunk = np.log(flux_[seen]) * prior / (prior + (error_[seen] / flux_[seen]) ** 2)
    deviation = np.interp(middles, middles[seen], shrunk)
    log_mass = log_steps() - deviation
    below = -np.logaddexp(0.0, -EDGES[0]) - deviation[0]
    above = -np.logaddexp(0.0, EDGES[-1]) - deviation[-1]
    rising = np.logaddexp.accumulate(np.append(below, log_mass))
    falling = np.logaddexp.accumulate(np.append(above, log_mass[::-1]))[::-1]
    return torch.from_numpy(rising - falling - EDGES).to(flux)


def shifted(shift: torch.Tensor, logit: torch.Tensor) -> torch.Tensor:
    """logit h(f) for logits (...) of f, linear between the edges."""
    place = torch.clamp(logit / WIDTH + BINS // 2, 0.0, float(BINS))
    index = torch.clamp(torch.floor(place.detach()).long(), 0, BINS - 1)
    low, high = shift[index], shift[index + 1]
    return logit + low + (place - index) * (high - low)
