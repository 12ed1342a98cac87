"""Extrapolation of made-up sequences with known orders."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mfbench_grid.blocks.richardson import Convergence, extrapolated

POINTS = np.linspace(0.0, 1.0, 20)[:, None]


def sequence(order, grids):
    """q + h^order sin(3 x) on successive grids."""
    convergence = Convergence(POINTS, np.ones(20))
    for level in range(grids):
        convergence.add(lambda x, h=0.5**level: x[:, 0] ** 2 + h**order * np.sin(3 * x[:, 0]))
    return convergence


def test_extrapolation_removes_second_order():
    assert extrapolated(7.0 + 4 * 0.3, 7.0 + 0.3) == pytest.approx(7.0, abs=1e-14)


@pytest.mark.parametrize(("order", "expected"), [(0.5, False), (1.5, True), (2, True), (4, False)])
def test_only_second_order_is_confirmed(order, expected):
    assert sequence(order, 3).confirmed() is expected


def test_two_grids_confirm_nothing():
    assert not sequence(2, 2).confirmed()


def test_changes_are_those_of_the_sequence():
    mean_square = math.sqrt(np.mean(np.sin(3 * POINTS) ** 2))
    assert sequence(2, 2).change(False) == pytest.approx(0.75 * mean_square, rel=1e-12)
    assert sequence(2, 3).change(True) == pytest.approx(0.0, abs=1e-15)


def test_weights_that_vanish_count_all_alike():
    assert np.array_equal(Convergence(POINTS, np.zeros(20)).weights, np.full(20, 0.05))
