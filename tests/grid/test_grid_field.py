"""Interpolation: polynomials are exact, kinks at boundaries stay sharp."""

from __future__ import annotations

import numpy as np
import pytest

from mfbench_grid.blocks.grid_field import GridField
from mfbench_grid.blocks.local_fit import FAR, LocalFit
from mfbench_grid.blocks.tensor_grid import TensorGrid


def polynomial(degree, dim, seed):
    """The sum of powers of random linear forms, and its gradient."""
    forms = np.random.default_rng(seed).normal(size=(dim, 4))

    def value(x):
        return np.sum((x @ forms) ** degree, axis=1)

    def gradient(x):
        return degree * (x @ forms) ** (degree - 1) @ forms.T

    return value, gradient


def field_of(value, dim, cells=12):
    grid = TensorGrid.over(np.array([[-1.0] * dim, [1.0] * dim]), cells)
    x = grid.points()
    # Free where x1 > -.5; the boundary carries the function's own values.
    free = x[:, 0] > -0.5
    edge = np.unique(np.concatenate([np.full((len(x), 1), -0.5), x[:, 1:]], axis=1), axis=0)
    return GridField.through(grid, free, value(x[free]), np.ones(np.count_nonzero(free)), edge, value(edge))


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_quintics_are_exact_between_free_nodes(dim):
    value, gradient = polynomial(5, dim, 1)
    field = field_of(value, dim)
    x = np.random.default_rng(2).uniform(0.0, 1.0, (300, dim))
    np.testing.assert_allclose(field.value(x), value(x), atol=1e-9)
    np.testing.assert_allclose(field.gradient(x), gradient(x), atol=1e-8)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cubics_are_exact_up_to_the_boundary(dim):
    value, gradient = polynomial(3, dim, 3)
    field = field_of(value, dim)
    x = np.random.default_rng(4).uniform(-1.0, 1.0, (300, dim))
    x[:, 0] = np.random.default_rng(5).uniform(-0.499, 0.0, 300)
    np.testing.assert_allclose(field.value(x), value(x), atol=1e-6)
    np.testing.assert_allclose(field.gradient(x), gradient(x), atol=1e-4)


def test_no_value_from_beyond_the_boundary_enters():
    field = field_of(lambda x: x[:, 0] + 0.5, 2)
    # The nodes beyond hold 0: smearing would bend the straight line.
    x = np.stack([np.linspace(-0.499, 0.0, 50), np.full(50, 0.03)], axis=1)
    np.testing.assert_allclose(field.value(x), x[:, 0] + 0.5, atol=1e-9)


def test_next_to_a_zero_errors_are_relative():
    def steep(x):
        r = np.linalg.norm(x, axis=1)
        return (r - 1.0) * np.exp(8 * (r - 1.0))

    h = 1 / 16
    nodes = h * np.stack(np.meshgrid(np.arange(-25, 26), np.arange(-25, 26)), axis=-1).reshape(-1, 2)
    nodes = nodes[np.linalg.norm(nodes, axis=1) > 1.0]
    angles = np.linspace(0, 2 * np.pi, 101)[:-1, None]
    x = np.concatenate([nodes, np.concatenate([np.cos(angles), np.sin(angles)], axis=1)])
    values = np.maximum(steep(x), 0.0)
    angles, radii = np.linspace(0, 1, 200)[:, None], 1.0 + np.geomspace(1e-4, h, 200)[:, None]
    between = radii * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    careful, careless = (
        np.max(np.abs(LocalFit(x, values, sizes, np.array([h, h]))(between)[0] / steep(between) - 1))
        for sizes in (values, np.ones(len(x)))
    )
    assert careful < 0.1 and careless > 3 * careful


def test_values_are_continuous_across_the_band():
    field = field_of(lambda x: np.sin(3 * x[:, 0]) * np.cos(2 * x[:, 1]), 2, cells=48)
    x = np.stack([np.linspace(-0.5, 1.0, 20001), np.full(20001, 0.111)], axis=1)
    assert np.max(np.abs(np.diff(field.value(x)))) < 3.1 * 1.5 / 20000


def test_far_from_data_the_nearest_value_continues():
    x = np.random.default_rng(6).uniform(0, 1, (50, 2))
    fit = LocalFit(x, x[:, 0] ** 2, np.ones(50), np.array([0.1, 0.1]))
    nearest = np.argmax(x[:, 0])
    values, gradients = fit(x[nearest] + np.array([[(FAR + 1e-6) * 0.1, 0.0], [7.0, 0.0]]))
    assert np.all(values == x[nearest, 0] ** 2) and np.all(gradients == 0)


def test_fewer_data_than_a_cubic_needs():
    fit = LocalFit(np.array([[0.0, 0.0], [1.0, 0.0]]), np.full(2, 2.0), np.ones(2), np.ones(2))
    assert fit(np.array([[0.5, 0.0]]))[0] == pytest.approx([2.0], abs=0.2)
