"""Cut edges against the circle's formula, and blindness to factors."""

from __future__ import annotations

import numpy as np

from mfbench_grid.blocks.crossing import SHORTEST, crossing, nodes_about
from mfbench_grid.blocks.tensor_grid import TensorGrid


def disc(x):
    return np.sum(x**2, axis=1) - 1.0


def test_crossing_is_where_the_circle_is():
    y = np.linspace(-0.9, 0.9, 50)
    x = np.stack([np.full(50, 1.3), y], axis=1)
    t = crossing(disc, x, np.array([-1.3, 0.0]))
    np.testing.assert_allclose(1.3 - 1.3 * t, np.sqrt(1 - y**2), atol=1e-12)


def test_crossing_looks_at_signs_only():
    x = np.stack([np.full(50, 1.3), np.linspace(-0.9, 0.9, 50)], axis=1)
    step = np.array([-1.0, 0.1])
    steep = crossing(lambda x: disc(x) * np.exp(40 * x[:, 0]), x, step)
    assert np.array_equal(crossing(disc, x, step), steep)


def test_crossing_at_once_and_not_at_all():
    x = np.array([[1.0 + 1e-14, 0.0], [3.0, 0.0]])
    assert np.array_equal(crossing(disc, x, np.array([-0.5, 0.0])), [SHORTEST, 1.0])


def test_nodes_about_start_points():
    grid = TensorGrid.over(np.array([[-2.0, -2.0], [2.0, 2.0]]), 40)
    inside = disc(grid.points()) <= 0
    counts = nodes_about(grid, inside, np.array([[0.0, 0.0], [0.999, 0.0], [1.9, 1.9], [50.0, 50.0]]))
    assert counts[0] == 64  # all of 8 x 8
    assert 12 <= counts[1] < 64  # on the rim about half of them
    assert np.array_equal(counts[2:], [0, 0])
