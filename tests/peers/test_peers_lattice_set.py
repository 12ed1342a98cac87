"""Sets that are known by membership alone: where they are found, and the points that fill them."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench_peers.blocks.lattice_set import SEARCHED, LatticeSet, cell_centres

CENTRE = np.array([0.3, -0.6])


def disc(radius, box=((-2.0, -1.0), (2.0, 3.0))):
    box = np.array(box)
    return LatticeSet("A", lambda x: np.sum((x - CENTRE) ** 2, axis=1) <= radius**2, CENTRE[None], box)


def test_cell_centres_integrate_polynomials_like_the_midpoint_rule():
    """Of x^2 y over [0, 1] x [0, 2]: 1/3 - 1/(12 N^2) times 2; constants and linear functions exactly."""
    x = cell_centres(np.array([[0.0, 0.0], [1.0, 2.0]]), 8)
    assert x.shape == (64, 2)
    assert 2.0 * np.mean(x[:, 0] ** 2 * x[:, 1]) == pytest.approx(2.0 / 3.0 - 2.0 / (12 * 64), rel=1e-12)


@pytest.mark.parametrize("radius", [0.05, 0.2, 0.35])
def test_a_disc_is_found_to_a_cell_and_filled(radius):
    found = disc(radius)
    cell = 4.0 / SEARCHED[2]
    true = np.array([CENTRE - radius, CENTRE + radius])
    outward = (found.extent - true) * np.array([[-1.0], [1.0]])
    assert np.all(outward >= -1e-12), "nothing of it lies outside"
    assert np.all(outward <= 1.5 * cell)
    points = found.collocation_points(60)
    assert np.all(found.contains(points))
    share = (len(points) - 1) / 60**2
    area = np.prod(found.extent[1] - found.extent[0])
    assert share * area == pytest.approx(np.pi * radius**2, rel=0.05)
    assert np.mean(points, axis=0) == pytest.approx(CENTRE, abs=0.05 * radius)


def test_a_set_between_the_cells_keeps_its_known_points():
    found = disc(1e-6)
    assert (
        found.collocation_points(5).tolist() == [CENTRE.tolist()] * 2
    )  # the cell centre is a known point, too
    parted = LatticeSet(
        "B",
        lambda x: np.zeros(len(x), dtype=bool),
        np.array([[0.0, 0.0], [1.0, 1.0]]),
        np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )
    assert parted.collocation_points(5).tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_a_set_that_fills_half_the_box_ends_at_its_wall():
    box = np.array([[-1.0, -2.0, -1.0], [1.0, 2.0, 1.0]])
    half = LatticeSet("A", lambda x: x[:, 0] <= 0.0, np.array([[-0.5, 0.0, 0.0]]), box)
    assert np.array_equal(half.extent[0], box[0])
    assert np.array_equal(half.extent[1, 1:], box[1, 1:])
    assert 0.0 <= half.extent[1, 0] <= 2.0 / SEARCHED[3]
