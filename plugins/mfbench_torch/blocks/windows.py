"""Umbrella windows along one coordinate s of the solution: s = logit f, or s = f.

Window l of L holds its walkers by the bias, in units of kT,

    W_l(s) = (k_l / 2) (s - c_l)^2,

the first one only above its centre and the last one only below, so that these two follow the
invariant measure in the basins, A and B included. Along the exact logit of a committor the
measure's density is about exp(|s|), a slope of one kT per unit; a window of stiffness k is displaced by 1/k,
therefore k = 1/h^2 + 1/h for the spacing h.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


class Windows(NamedTuple):
    """Centres (L,) and stiffnesses (L,), both in the coordinate's unit and kT."""

    centres: torch.Tensor
    stiffness: torch.Tensor


def spread(low: torch.Tensor, high: torch.Tensor, shares: torch.Tensor) -> Windows:
    """Windows from low to high whose L - 1 distances are in the ratio exp(shares), (L - 1,)."""
    spacing = (high - low) * torch.softmax(shares, dim=0)
    centres = low + torch.cat([spacing.new_zeros(1), torch.cumsum(spacing, dim=0)])
    width = 0.5 * (torch.cat([spacing, spacing[-1:]]) + torch.cat([spacing[:1], spacing]))
    return Windows(centres, 1.0 / width**2 + 1.0 / width)


def _stretch(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """s - c_l, cut to zero on the open side of the two outer windows; s broadcasts against (L,)."""
    stretch = s - windows.centres
    stretch[..., 0].clamp_(min=0.0)
    stretch[..., -1].clamp_(max=0.0)
    return stretch


def bias(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """W_l(s): s (..., L) gives each walker its own window's bias; s (..., 1) gives the biases of all L."""
    return 0.5 * windows.stiffness * _stretch(windows, s) ** 2


def bias_slope(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """dW_l/ds, shapes as in `bias`."""
    return windows.stiffness * _stretch(windows, s)
