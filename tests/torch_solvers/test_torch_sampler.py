"""Walkers follow exp(-V - W_l) exactly, at step sizes where the unadjusted scheme is far off."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from mfbench_torch.blocks import sampler
from mfbench_torch.blocks.landscape import Places, value_and_slope
from mfbench_torch.blocks.windows import bias, bias_slope, spread

LADDERS, NUMBER, BINS = 3000, 4, 12
WINDOWS = spread(torch.tensor(-2.0), torch.tensor(2.0), torch.zeros(NUMBER - 1))
FALSE_ALARM = 1e-4
"""Of each test, shared out among its chi-square statistics."""


def potential(x):
    return 3.0 * x[:, 0] ** 4 + 2.0 * (x[:, 1] - x[:, 0]) ** 2


def coordinate(x):
    return 2.0 * x[:, 0] + torch.sin(x[:, 1])


def visit(x):
    energy, slope = value_and_slope(potential, x.reshape(-1, 2))
    zero = torch.zeros_like(energy).reshape(x.shape[:-1])
    free = torch.ones_like(zero, dtype=torch.bool)
    return Places(x, energy.reshape(zero.shape), slope.reshape(x.shape), zero, torch.zeros_like(x), free)


def look(places):
    s, slope = value_and_slope(coordinate, places.x.reshape(-1, 2))
    return sampler.Walkers(places, s.reshape(places.energy.shape), slope.reshape(places.x.shape))


def own_bias(s):
    return bias(WINDOWS, s)


def own_slope(s):
    return bias_slope(WINDOWS, s)


def exact_bins(heat):
    """Edges (L, 2, BINS + 1) of bins of equal probability, for each window and each coordinate, at a heat."""
    axis = torch.linspace(-4.0, 4.0, 1601, dtype=torch.float64)
    x = torch.cartesian_prod(axis, axis)
    edges = np.empty((NUMBER, 2, BINS + 1))
    biases = bias(WINDOWS, coordinate(x)[:, None])
    for window in range(NUMBER):
        density = torch.exp(-potential(x) / heat - biases[:, window]).reshape(len(axis), len(axis)).numpy()
        for which in range(2):
            marginal = np.sum(density, axis=1 - which)
            # Trapezoids from node to node, as the law is smooth on this scale of 0.005.
            cumulative = np.concatenate([[0.0], np.cumsum((marginal[1:] + marginal[:-1]) / 2)])
            levels = np.linspace(0, 1, BINS + 1)
            edges[window, which] = np.interp(levels, cumulative / cumulative[-1], axis.numpy())
    return edges


def worst_share(x, heat=1.0):
    """The smallest p-value of the chi-square tests of all windows and coordinates, times their number."""
    edges, values = exact_bins(heat), x.double().numpy()
    p = []
    for window in range(NUMBER):
        for which in range(2):
            cells = np.searchsorted(edges[window, which, 1:-1], values[:, window, which])
            counts = np.bincount(cells, minlength=BINS)
            expected = len(values) / BINS
            p.append(chi2.sf(np.sum((counts - expected) ** 2) / expected, BINS - 1))
    return min(p) * len(p)


def stepped(*step):
    """The walkers after a step, and their acceptance probabilities."""
    return sampler.attempt(*step)[:2]


def start():
    return look(visit(torch.zeros(LADDERS, NUMBER, 2)))


@pytest.mark.parametrize("heat", [1.0, 3.0])
def test_invariant_law_with_taming_bias_and_exchange(heat):
    generator = torch.Generator().manual_seed(8)
    h = torch.tensor([0.05, 0.1, 0.2, 0.1]) * heat
    walkers, tamed = start(), 0.0
    for step in range(100):
        force = walkers.places.energy_slope / heat + own_slope(walkers.s)[..., None] * walkers.s_slope
        limit = sampler.TAMING * torch.sqrt(2.0 * 2 / h)
        tamed += float(torch.mean((torch.linalg.vector_norm(force, dim=-1) > limit).float()))
        walkers, acceptance = stepped(generator, walkers, h, own_bias, own_slope, visit, look, heat)
        walkers = sampler.exchange(generator, walkers, own_bias, step % 2)
    assert tamed / 100 > 0.01, "taming was hardly at work: this test would not see it break the law"
    assert 0.2 < float(torch.mean(acceptance)) < 0.9
    assert worst_share(walkers.places.x, heat) > FALSE_ALARM
    if heat > 1.0:
        assert worst_share(walkers.places.x) < 1e-12, "the law of cold walkers would be seen to be another"


def test_the_same_steps_without_rejection_are_seen_to_be_wrong(monkeypatch):
    monkeypatch.setattr(sampler, "choose", lambda accept, new, old: new)
    generator = torch.Generator().manual_seed(8)
    walkers = start()
    for _ in range(60):
        walkers, _ = stepped(generator, walkers, torch.full((NUMBER,), 0.1), own_bias, own_slope, visit, look)
    assert worst_share(walkers.places.x) < 1e-12


def test_exchange_swaps_whole_walkers_in_pairs():
    walkers = look(visit(torch.randn(LADDERS, NUMBER, 2, generator=torch.Generator().manual_seed(1))))
    swapped = sampler.exchange(torch.Generator().manual_seed(2), walkers, own_bias, 1)
    x, y = walkers.places.x, swapped.places.x
    assert torch.equal(y[:, 0], x[:, 0]) and torch.equal(y[:, 3], x[:, 3]), "odd parity pairs (1, 2) only"
    moved = torch.any(y[:, 1] != x[:, 1], dim=-1)
    assert 0 < torch.sum(moved) < LADDERS
    assert torch.equal(y[moved][:, [1, 2]], x[moved][:, [2, 1]]) and torch.equal(y[~moved], x[~moved])
    again = look(visit(y))
    assert torch.equal(swapped.s, again.s) and torch.equal(swapped.places.energy, again.places.energy)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_places_without_finite_energy_are_never_entered(bad):
    def wall(x):
        places = visit(x)
        return places._replace(energy=torch.where(places.x[..., 0] > 0.1, bad, places.energy))

    walkers, generator = look(wall(torch.zeros(200, NUMBER, 2))), torch.Generator().manual_seed(3)
    for _ in range(20):
        walkers, probability = stepped(
            generator, walkers, torch.full((NUMBER,), 0.1), own_bias, own_slope, wall, look
        )
        assert torch.all(torch.isfinite(probability))
    assert float(torch.max(walkers.places.x[..., 0])) <= 0.1
    assert torch.all(torch.isfinite(walkers.places.energy))


def test_step_sizes_move_to_the_target_acceptance():
    generator = torch.Generator().manual_seed(5)
    walkers, h = start(), torch.tensor([1e-4, 1e-2, 1.0, 10.0])
    for _ in range(200):
        walkers, acceptance = stepped(generator, walkers, h, own_bias, own_slope, visit, look)
        h = sampler.adapt(h, acceptance, 0.6, 0.2)
    # At equilibrium the mean over 3000 ladders scatters by less than 0.01, and the gain follows it.
    assert torch.max(torch.abs(torch.mean(acceptance, dim=0) - 0.6)) < 0.05
