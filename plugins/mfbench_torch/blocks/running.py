"""What umbrella windows have seen so far, ladder by ladder, and the estimates made from it.

Rates: the Dirichlet form gives nu = int |grad f|^2 dmu / beta, above the truth for every f != q. For the slab
c0 < f < c1 the co-area formula gives nu = int_slab |grad f|^2 dmu / (beta (c1 - c0)) at f = q: no bound, but
blind to small gradients in the basins, which carry nearly all of mu. Every error is the jackknife's over
ladders, which are independent given f: it knows sampling, and not how far f is from q. Where neighbouring windows have never
met, what is between them is not known, and no rate is told; nor by a slab in which nobody has been.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from . import levels
from .emus import FLOOR, masses

MET = 1e3 * FLOOR
"""Least overlap of neighbours from which it is what walkers have seen, and not the floor, that tells their masses."""


class Running(NamedTuple):
    """Running means over updates, float64; R ladders, L windows.

    Args:
        overlap: (R, L, L) of phi_m / c in window l.
        inverse: (R, L) of 1 / c.
        energy: (R, L, levels.BINS) of |grad f|^2 / c between levels of f.
    """

    overlap: torch.Tensor
    inverse: torch.Tensor
    energy: torch.Tensor


def nothing(ladders: int, windows: int, device: torch.device) -> Running:
    """Before the first update."""
    inverse = torch.ones((ladders, windows), dtype=torch.float64, device=device)
    overlap = torch.diag_embed(inverse)
    return Running(overlap, inverse, torch.zeros((*inverse.shape, levels.BINS)).to(inverse))


def updated(old: Running, new: Running, step: int, memory: int) -> Running:
    """Means that forget: over `memory` updates at first, over a tenth of the run later on; 0: nothing is kept."""
    gain = 1.0 if memory == 0 else max(1.0 / (step + 1.0), 1.0 / (memory + 0.1 * step))
    return Running(*(torch.lerp(o, n.to(o.dtype), gain) for o, n in zip(old, new, strict=True)))


def weights_of(seen: Running) -> torch.Tensor:
    """z_l / sum_m z_m E_m[1 / c], (L,): times 1 / c at a walker these are its weights under mu."""
    return _weights(_mean(seen))


def rates(seen: Running, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Transitions per unit time by the slab and by the Dirichlet form, (2,), and their errors (2,)."""
    low, high = levels.SLAB

    def of(energy: torch.Tensor) -> torch.Tensor:
        slab = torch.sum(energy[..., levels.in_slab()], dim=-1) / (high - low)
        return torch.stack([slab, torch.sum(energy, dim=-1)], dim=-1) / beta

    return jackknife(of, seen)


def shift(seen: Running, low: torch.Tensor | float, high: torch.Tensor | float) -> torch.Tensor:
    """Shift of the logit of f that its fluxes demand within windows from low to high, as of `levels.shift`."""
    return levels.shift(*jackknife(levels.relative_flux, seen), low, high)


def jackknife(of: Callable[[torch.Tensor], torch.Tensor], seen: Running) -> tuple[torch.Tensor, torch.Tensor]:
    """A function of the energies between levels, (..., levels.BINS), and its error from leaving out ladders."""
    number = len(seen.inverse)
    # One row per ladder that is left out; sums of positive numbers keep small windows' relative accuracy.
    share = (1.0 - torch.eye(number, dtype=torch.float64, device=seen.inverse.device)) / (number - 1)
    others = of(_energies(Running(*(torch.tensordot(share, part, dims=1) for part in seen))))
    spread = torch.sqrt((number - 1) / number * torch.sum((others - torch.mean(others, dim=0)) ** 2, dim=0))
    return of(_energies(_mean(seen))), spread


def reports(seen: Running, beta: float) -> dict[str, float]:
    """What can be told of the rates, and the least overlap.

    Both rates are one at f = q: by how much they differ counts as an error of the one that is told, beside the jackknife's.
    """
    overlap = float(least_overlap(seen))
    (slab, dirichlet), (error, dirichlet_error) = (part.tolist() for part in rates(seen, beta))
    told = {"window_overlap": overlap}
    if overlap > MET and slab > 0.0:
        told |= {
            "rate": slab,
            "rate_error": math.hypot(error, dirichlet - slab),
            "rate_sampling_error": error,
        }
    if overlap > MET and dirichlet > 0.0:
        told |= {"rate_dirichlet": dirichlet, "rate_dirichlet_error": dirichlet_error}
    return told


def least_overlap(seen: Running) -> torch.Tensor:
    """The smallest share that a window has in a neighbour: near zero the ladder is broken there."""
    mean = torch.mean(seen.overlap, dim=0)
    return torch.min(torch.minimum(torch.diagonal(mean, 1), torch.diagonal(mean, -1)))


def _mean(seen: Running) -> Running:
    """Over ladders."""
    return Running(*(torch.mean(part, dim=0) for part in seen))


def _weights(mean: Running) -> torch.Tensor:
    z = masses(mean.overlap)
    return z / torch.sum(z * mean.inverse, dim=-1, keepdim=True)


def _energies(mean: Running) -> torch.Tensor:
    """int |grad f|^2 dmu between levels, (..., levels.BINS)."""
    return torch.sum(_weights(mean)[..., None] * mean.energy, dim=-2)
