"""Passes of landscapes whose passes are known."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench_grid.blocks.region import RESOLUTION, pass_energy, reachable


def wells(*profile):
    """A row of energies as a 1-D grid, A at its left end and B at its right end."""
    energy = np.array(profile, dtype=float)
    ends = np.arange(len(energy))
    return energy, ends == 0, ends == len(energy) - 1


def alike(energy):
    """Volumes of cells of an equidistant grid."""
    return np.ones(energy.shape)


def test_the_pass_is_the_highest_point_of_the_lowest_way():
    x = np.linspace(-1.5, 1.5, 61)
    # The straight way leads over 40, the way round the corner over 15.
    energy = 40 * np.exp(-8 * (x[:, None] ** 2 + (x[None, :] + 0.5) ** 2)) + 0.0
    energy += np.where(np.abs(x[None, :]) > 1.2, 90.0, 0.0)
    energy = np.maximum(energy, np.where(np.abs(x[:, None]) < 0.1, 15.0, 0.0))
    in_a, in_b = ((side * x[:, None] > 1.2) & (np.abs(x[None, :]) < 1.2) for side in (-1, 1))
    assert pass_energy(energy, in_a, in_b, alike(energy)) == pytest.approx(15.0, abs=RESOLUTION)


def test_a_well_with_weight_raises_the_level_until_it_is_joined():
    # A, a low ridge, B on the way; behind a ridge of 30 a third well on the same line as A and B.
    energy = np.array([[0.0, 3.0, 0.0], [50.0, 30.0, 50.0], [50.0, -2.0, 50.0]])
    columns = np.arange(3) + 0 * energy
    in_a, in_b = ((columns == c) & (energy == 0.0) for c in (0, 2))
    assert pass_energy(energy, in_a, in_b, alike(energy)) == pytest.approx(30.0, abs=RESOLUTION)
    shallow = np.where(energy == -2.0, 25.0, energy)
    assert pass_energy(shallow, in_a, in_b, alike(energy)) == pytest.approx(3.0, abs=RESOLUTION)
    wide = np.where(energy == -2.0, 1e8, 1.0)
    assert pass_energy(shallow, in_a, in_b, wide) == pytest.approx(30.0, abs=RESOLUTION), "its cell is large"


def test_sets_that_are_joined_nowhere():
    energy, in_a, in_b = wells(0, np.inf, 0)
    assert pass_energy(energy, in_a, in_b, alike(energy)) == np.inf
    assert not np.any(reachable(energy, in_a, in_b, np.inf))


def test_islands_are_left_out():
    energy, in_a, in_b = wells(0, 2, 5, 50, 1, 50, 5, 2, 0)
    kept = reachable(energy, in_a, in_b, 10.0)
    assert np.array_equal(np.flatnonzero(kept), [1, 2, 6, 7])
    assert np.array_equal(np.flatnonzero(reachable(energy, in_a, in_b, 60.0)), np.arange(1, 8))
