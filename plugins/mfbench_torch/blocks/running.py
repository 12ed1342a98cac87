"""What umbrella windows have seen so far, ladder by ladder, and the estimates made from it.

For the slab c0 < f < c1 the co-area formula gives nu = int_slab |grad f|^2 dmu / (beta (c1 - c0)) at f = q:
blind to small gradients in the basins, which carry nearly all of mu.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from .emus import masses

SLAB = (0.3, 0.7)


class Running(NamedTuple):
    """Running means over updates, float64; R ladders, L windows.

    Args:
        overlap: (R, L, L) of phi_m / c in window l.
        inverse: (R, L) of 1 / c.
        slab: (R, L) of |grad f|^2 / c inside the slab.
    """

    overlap: torch.Tensor
    inverse: torch.Tensor
    slab: torch.Tensor


def nothing(ladders: int, windows: int, device: torch.device) -> Running:
    """Before the first update."""
    inverse = torch.ones((ladders, windows), dtype=torch.float64, device=device)
    overlap = torch.diag_embed(inverse)
    return Running(overlap, inverse, torch.zeros_like(inverse))


def updated(old: Running, new: Running, step: int, memory: int) -> Running:
    """Means that forget: over `memory` updates at first, over a tenth of the run later on."""
    gain = max(1.0 / (step + 1.0), 1.0 / (memory + 0.1 * step))
    return Running(*(torch.lerp(o, n.to(o.dtype), gain) for o, n in zip(old, new, strict=True)))


def weights_of(seen: Running) -> torch.Tensor:
    """z_l / sum_m z_m E_m[1 / c], (L,): times 1 / c at a walker these are its weights under mu."""
    return _weights(torch.mean(seen.overlap, dim=0), torch.mean(seen.inverse, dim=0))


def rate(seen: Running, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Transitions per unit time by the slab, and the jackknife error over ladders.

    The error is that of sampling; it does not know how far f is from q.
    """
    number = len(seen.inverse)
    # One row per ladder that is left out; sums of positive numbers keep small windows' relative accuracy.
    share = (1.0 - torch.eye(number, dtype=torch.float64, device=seen.inverse.device)) / (number - 1)
    others = Running(*(torch.tensordot(share, part, dims=1) for part in seen))
    everyone = Running(*(torch.mean(part, dim=0) for part in seen))

    def of(part: Running) -> torch.Tensor:
        slab = torch.sum(_weights(part.overlap, part.inverse) * part.slab, dim=-1)
        return slab / (beta * (SLAB[1] - SLAB[0]))

    without = of(others)
    spread = torch.sqrt((number - 1) / number * torch.sum((without - torch.mean(without)) ** 2))
    return of(everyone), spread


def least_overlap(seen: Running) -> torch.Tensor:
    """The smallest share that a window has in a neighbour: near zero the ladder is broken there."""
    mean = torch.mean(seen.overlap, dim=0)
    return torch.min(torch.minimum(torch.diagonal(mean, 1), torch.diagonal(mean, -1)))


def _weights(overlap: torch.Tensor, inverse: torch.Tensor) -> torch.Tensor:
    z = masses(overlap)
    return z / torch.sum(z * inverse, dim=-1, keepdim=True)
