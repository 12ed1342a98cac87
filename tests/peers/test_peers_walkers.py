"""Walkers of the adapters: their law, whatever the energy and the first step size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from mfbench import Diverged
from mfbench_peers.blocks.walkers import TAMING, arrive, walked


def energy(x):
    """A quartic well of which the second coordinate has a tenth of the width."""
    return x[:, 0] ** 4 - x[:, 0] ** 2 + 50.0 * x[:, 1] ** 2


@pytest.mark.parametrize("first_step", [1e-4, 10.0])
def test_walkers_follow_the_law(first_step):
    """Chi-square of 4000 independent walkers in 12 bins; false alarms 1 in 1000 per case, seed fixed.

    The step sizes are adapted for 400 steps and then held, since only fixed ones leave the law exactly as it is.
    """
    generator = torch.Generator().manual_seed(5)
    x = torch.zeros((4000, 2), dtype=torch.float64)
    walkers = arrive(energy, x, torch.full((4000,), first_step, dtype=torch.float64))
    walkers = walked(walkers, energy, 400, generator)
    acceptance_half = walkers.h[:2000]
    assert torch.all(acceptance_half == acceptance_half[0]), "one step size for each half"
    held = walkers.h
    for _ in range(300):
        walkers = walked(walkers._replace(h=held), energy, 1, generator)
    nodes = np.linspace(-3, 3, 60_001)
    density = np.exp(-(nodes**4 - nodes**2))
    cumulative = np.cumsum(density) / np.sum(density)
    edges = np.interp(np.arange(1, 12) / 12, cumulative, nodes)
    counts = np.bincount(np.searchsorted(edges, walkers.x[:, 0].numpy()), minlength=12)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert stats.kstest(walkers.x[:, 1].numpy() * 10.0, stats.norm.cdf).pvalue > 1e-3


def test_a_steep_wall_does_not_throw_walkers_out():
    """The drift is bounded, so a start where the gradient is 1e6 stays finite and comes down."""
    generator = torch.Generator().manual_seed(6)
    x = torch.full((50, 2), 60.0, dtype=torch.float64)
    walkers = arrive(energy, x, torch.full((50,), 1e-2, dtype=torch.float64))
    walkers = walked(walkers, energy, 3000, generator)
    assert torch.all(torch.isfinite(walkers.x))
    assert torch.all(walkers.energy < 20.0)
    assert TAMING > 1.0


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_overflow_ends_the_trial(value):
    """Half a width away from the start V is no number; the sentence says when, how much and how often."""

    def holed(x):
        v = energy(x)
        return torch.where(x[:, 1] > 0.05, torch.full_like(v, value), v)

    generator = torch.Generator().manual_seed(7)
    walkers = arrive(holed, torch.zeros((50, 2), dtype=torch.float64), torch.full((50,), 1e-4).double())
    assert walkers.steps == 0
    with pytest.raises(Diverged, match=rf"step [1-9][0-9]*: the energy in kT is {value} at [0-9]+ places"):
        walked(walkers, holed, 1000, generator)
    assert walked(walkers, energy, 7, generator).steps == 7
