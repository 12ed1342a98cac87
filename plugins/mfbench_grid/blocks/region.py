"""The part of a grid that matters: where paths between A and B run at relevant energies."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

STRANDED = 1e-8
"""Share of the invariant measure outside A and B that may lie in wells without a way to A or B."""

DEPTH = 1000.0
"""Energies above the minimum, in kT, from which on no pass is looked for: exp(-1000) is 0."""

RESOLUTION = 0.5
"""To how many kT the pass is found; the margin above it is many times as large."""


def pass_energy(energy: np.ndarray, in_a: np.ndarray, in_b: np.ndarray, volumes: np.ndarray) -> float:
    """The least energy up to which the free cells join A to B and strand no well that has weight.

    Args:
        energy: beta V at the cells of a grid, of the grid's shape; inf where V is undefined.
        in_a: booleans of that shape, cells in A. `in_b` likewise.
        volumes: of the cells, of that shape.

    Returns:
        beta V of the pass to within half a kT, or inf if A and B are joined nowhere.
    """
    free = ~(in_a | in_b)
    near_a, near_b = ndimage.binary_dilation(in_a), ndimage.binary_dilation(in_b)
    if not np.any(free & np.isfinite(energy)):
        return math.inf
    floor = float(np.min(energy[free]))
    mass = np.where(free, volumes * np.exp(floor - energy), 0.0)
    allowed = STRANDED * float(np.sum(mass))

    def joins(level: float) -> bool:
        labels, count = ndimage.label(free & (energy <= level))
        with_a = _present(labels[near_a], count)
        with_b = _present(labels[near_b], count)
        masses = ndimage.sum_labels(mass, labels, np.arange(count + 1))
        attached = float(np.sum(masses[with_a | with_b]))
        return bool(np.any(with_a & with_b)) and float(np.sum(mass)) - attached <= allowed

    low, high = floor, floor + DEPTH
    if not joins(high):
        return math.inf
    while high - low > RESOLUTION:
        middle = (low + high) / 2
        low, high = (low, middle) if joins(middle) else (middle, high)
    return high


def reachable(energy: np.ndarray, in_a: np.ndarray, in_b: np.ndarray, ceiling: float) -> np.ndarray:
    """Free cells with energy <= ceiling that are joined to A or B; booleans of the grid's shape.

    An island that is joined to neither has no committor: its block of the matrix is singular.
    """
    labels, count = ndimage.label(~(in_a | in_b) & (energy <= ceiling) & np.isfinite(energy))
    near = ndimage.binary_dilation(in_a | in_b)
    return _present(labels[near], count)[labels]


def _present(labels: np.ndarray, count: int) -> np.ndarray:
    """(count + 1,) booleans: which components occur; the background, 0, never does."""
    found = np.zeros(count + 1, dtype=bool)
    found[labels] = True
    found[0] = False
    return found
