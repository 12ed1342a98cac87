"""Hot walkers in umbrella windows: how they move, and when means begin anew."""

from __future__ import annotations

import pytest
import torch

from mfbench_torch.blocks import umbrella
from mfbench_torch.blocks.coordinate import LOGIT
from mfbench_torch.blocks.landscape import Places
from mfbench_torch.blocks.sampler import Walkers

LADDERS, WINDOWS = 24, 10
STEEP, BARRIER = 12.0, 6.0


def visit(x, share=1.0):
    """V = 6 (x^2 - 1)^2, times a share."""
    energy, slope = BARRIER * (x[..., 0] ** 2 - 1.0) ** 2, 4.0 * BARRIER * x * (x**2 - 1.0)
    zero = torch.zeros_like(energy)
    free = torch.ones_like(zero, dtype=torch.bool)
    return Places(x, share * energy, share * slope, zero, torch.zeros_like(x), free)


def logit(_, places):
    return Walkers(places, STEEP * places.x[..., 0], torch.full_like(places.x, STEEP))


def looked(heat, share):
    """After twenty looks of walkers that begin in two wells."""
    look = umbrella.looker(
        torch.Generator().manual_seed(7), lambda x: visit(x, share), logit, 4, LOGIT, True, 10**9
    )
    x = torch.where(torch.arange(WINDOWS) < WINDOWS // 2, -1.0, 1.0).expand(LADDERS, WINDOWS)[..., None]
    state = umbrella.heated(umbrella.umbrella(visit(x, share), 1e-3, LOGIT), heat)
    for _ in range(20):
        state, _ = look(None, state)
    return state.places.x


def test_hot_walkers_move_as_cold_ones_under_a_lower_energy():
    """With the same noise, those of 4 T under E as those of T under E / 4: windows' biases are not divided."""
    hot = looked(4.0, 1.0)
    torch.testing.assert_close(hot, looked(1.0, 0.25), rtol=0.0, atol=1e-4)
    assert float(torch.max(torch.abs(hot - looked(1.0, 1.0)))) > 0.1


@pytest.mark.parametrize(
    ("before", "after", "since"), [(1.0, 1.0, 7), (1.0, 4.0, 7), (4.0, 2.0, 7), (4.0, 1.0, 0)]
)
def test_means_begin_anew_when_walkers_have_cooled(before, after, since):
    state = umbrella.umbrella(visit(torch.ones(2, 3, 1)), 1e-3, LOGIT)._replace(heat=before, since=7)
    found = umbrella.heated(state, after)
    assert (found.heat, found.since) == (after, since)
