"""Start points: some of many, and how far apart two sets of them are."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench.tasks.gaps import apart, nearest
from mfbench.tasks.starts import some_of


@pytest.mark.parametrize(("count", "number"), [(3, 8), (8, 3), (5, 5), (1, 4)])
def test_some_are_drawn_as_often_as_others_or_once_more(count, number):
    points = np.arange(2.0 * count).reshape(count, 2)
    drawn = some_of(points, number, np.random.default_rng(0))
    assert drawn.shape == (number, 2)
    times = [np.sum(np.all(drawn == point, axis=1)) for point in points]
    assert sum(times) == number and max(times) - min(times) <= 1


def test_the_first_ones_are_not_preferred():
    points = np.arange(100.0)[:, None]
    drawn = some_of(points, 20, np.random.default_rng(1))
    assert 30 < np.mean(drawn) < 70


def test_sets_are_apart_as_their_means_or_as_their_nearest_points_where_these_coincide():
    a, b = np.array([[0.0, 0.0], [0.2, 0.0]]), np.array([[3.1, 0.0], [3.1, 0.4]])
    assert apart(a, b) == pytest.approx(np.hypot(3.0, 0.2))
    assert nearest(a, b) == pytest.approx(2.9)
    around = np.array([[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5], [0.0, -1.5]])
    assert apart(np.zeros((1, 2)), around) == nearest(np.zeros((1, 2)), around) == 1.5
