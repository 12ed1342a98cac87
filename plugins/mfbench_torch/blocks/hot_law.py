"""Walkers of a hotter law than mu, and what they weigh under mu.

With E = beta V walkers at `heat` times the temperature follow exp(-E / heat), exactly (`sampler`). Against it mu has the
density exp(-(1 - 1 / heat) E) up to a factor, which the weights' mean over the walkers stands for.
"""

from __future__ import annotations

import torch

from .landscape import Places


def weights_of(places: Places, heat: float) -> torch.Tensor:
    """Weights of walkers (...) of that heat, their mean 1, shifted by their largest; at 1 a single one for all."""
    if heat == 1.0:
        return places.energy.new_ones(())
    log_weight = (1.0 / heat - 1.0) * places.energy
    weight = torch.exp(log_weight - torch.max(log_weight))
    return weight / torch.mean(weight)
