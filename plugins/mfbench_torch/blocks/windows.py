"""Umbrella windows along one coordinate s of the solution: s = logit f, or s = f.

Window l of L holds its walkers by the bias, in units of kT,

    W_l(s) = (k_l / 2) (s - c_l)^2,

the first one only above its centre and the last one only below, so that these two follow the
invariant measure in the basins, A and B included. Along the exact logit of a committor the
measure's density is about exp(|s|), a slope of one kT per unit; a window of stiffness k is displaced by 1/k,
therefore k = 1/h^2 + 1/h for the spacing h.

Farther than FAR times its own spacing from its centre a window is as stiff as any other: W_l goes on as k (s - c_l)^2 / 2
plus a constant, k that of the mean spacing. A walker far from all windows, as one in A that a window on B's side pulls at,
then lies the lower the nearer its window, and exchanges lead it home; if every window kept its own stiffness, the softest
would have it for good.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

FAR = 6.0
"""Times a window's own spacing: W is 18 kT and more there, so that nothing is seen of it in the window's law."""


class Windows(NamedTuple):
    """Centres (L,) and stiffnesses (L,), both in the coordinate's unit and kT."""

    centres: torch.Tensor
    stiffness: torch.Tensor


def spread(low: torch.Tensor, high: torch.Tensor, shares: torch.Tensor) -> Windows:
    """Windows from low to high whose L - 1 distances are in the ratio exp(shares), (L - 1,)."""
    spacing = (high - low) * torch.softmax(shares, dim=0)
    centres = low + torch.cat([spacing.new_zeros(1), torch.cumsum(spacing, dim=0)])
    width = 0.5 * (torch.cat([spacing, spacing[-1:]]) + torch.cat([spacing[:1], spacing]))
    return Windows(centres, stiffness_of(width))


def stiffness_of(spacing: torch.Tensor) -> torch.Tensor:
    """k of windows so far apart."""
    return 1.0 / spacing**2 + 1.0 / spacing


def _stretch(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """s - c_l, cut to zero on the open side of the two outer windows; s broadcasts against (L,)."""
    stretch = s - windows.centres
    stretch[..., 0].clamp_(min=0.0)
    stretch[..., -1].clamp_(max=0.0)
    return stretch


def _common(windows: Windows) -> tuple[torch.Tensor, torch.Tensor]:
    """Stiffness of a window of the mean spacing, and the distances (L,) from which on windows have it."""
    k = windows.stiffness
    own = (1.0 + torch.sqrt(1.0 + 4.0 * k)) / (2.0 * k)
    mean = (windows.centres[-1] - windows.centres[0]) / (len(windows.centres) - 1)
    return stiffness_of(mean), FAR * own


def bias(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """W_l(s): s (..., L) gives each walker its own window's bias; s (..., 1) gives the biases of all L."""
    (common, far), square = _common(windows), _stretch(windows, s) ** 2
    return 0.5 * (common * square + (windows.stiffness - common) * torch.minimum(square, far**2))


def bias_slope(windows: Windows, s: torch.Tensor) -> torch.Tensor:
    """dW_l/ds, shapes as in `bias`."""
    (common, far), stretch = _common(windows), _stretch(windows, s)
    return torch.where(torch.abs(stretch) < far, windows.stiffness, common) * stretch
