"""How far from the straight way walkers cross: which of several channels they have found, where these lie apart."""

from __future__ import annotations

import torch

from .levels import SLAB_END


def slab_detour(x: torch.Tensor, logit: torch.Tensor, start: torch.Tensor, end: torch.Tensor) -> torch.Tensor:
    """Root mean square distance from a line of walkers between the levels SLAB; 0 where there are none.

    Args:
        x: (R, L, d); logit: (R, L) of the solution there.
        start, end: (d,) two points of the line; their distance is the unit.
    """
    between = torch.abs(logit) < SLAB_END
    length = torch.linalg.vector_norm(end - start)
    way, off = (end - start) / length, x - start
    off = off - (off @ way)[..., None] * way
    squares = torch.where(between, torch.sum(off**2, dim=-1), 0.0)
    return torch.sqrt(torch.sum(squares) / torch.clamp(torch.sum(between), min=1)) / length
