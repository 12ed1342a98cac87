"""Walkers of a hotter law than mu, and what they weigh under mu.

With E = beta V walkers at `heat` times the temperature follow exp(-E / heat), exactly (`sampler`). Against it mu has the
density exp(-(1 - 1 / heat) E) up to a factor, which the weights' mean over the walkers stands for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .landscape import Places

Visit = Callable[[torch.Tensor], Places]


def heated(visit: Visit, heat: float) -> Visit:
    """Visits of places whose energies are E / heat; at 1 they are the same visits."""
    if heat == 1.0:
        return visit

    def hot(x: torch.Tensor) -> Places:
        places = visit(x)
        return places._replace(energy=places.energy / heat, energy_slope=places.energy_slope / heat)

    return hot


def weights_of(places: Places, heat: float) -> torch.Tensor:
    """Weights of walkers (...) at places so visited, their mean 1, shifted by their largest; at 1 a single one for all."""
    if heat == 1.0:
        return places.energy.new_ones(())
    log_weight = (1.0 - heat) * places.energy  # -(1 - 1 / heat) E
    weight = torch.exp(log_weight - torch.max(log_weight))
    return weight / torch.mean(weight)
