"""Identical particles are found by asking, and told by functions that do not know one from another."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench.frames import random_rotation
from mfbench.particles import REACHES, Particles, SymmetricFunctions, particles_of
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench_committor import double_well, lj7, spheres
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_committor.entries.lj7 import LJ7Parameters
from mfbench_committor.entries.spheres import SpheresParameters

NUMBER = 4


def places(x, size):
    """(n, m, size)."""
    return x.reshape(len(x), NUMBER, size)


def extent(x, size):
    """Mean squared distance from the mean of all."""
    y = places(x, size)
    return ((y - y.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1)


def cluster(size, extra=lambda y: 0.0, set_extra=lambda y: 0.0):
    """Particles in a trap: A where they are close together, B where they are far apart."""
    rng = np.random.default_rng(2)

    def trap(x):
        y = places(x, size)
        return (y**2).sum(axis=(1, 2)) + extent(x, size) ** 2 + extra(y)

    shape = rng.standard_normal((40, NUMBER, size))
    shape = (shape - shape.mean(axis=1, keepdims=True)).reshape(40, NUMBER * size)
    unit = shape / np.sqrt(extent(shape, size))[:, None]
    dim = NUMBER * size
    return CommittorProblem(
        dim=dim,
        beta=1.0,
        potential=trap,
        boundary_a=scrambled(lambda x: extent(x, size) - 0.3 + set_extra(places(x, size)), dim, 1, 3.0),
        boundary_b=scrambled(lambda x: 3.0 - extent(x, size), dim, 2, 3.0),
        start_a=unit[:20] * 0.5,
        start_b=unit[20:] * 1.8,
        box=np.stack([np.full(dim, -9.0), np.full(dim, 9.0)]),
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_particles_are_found_whatever_factor_the_boundary_functions_carry(size):
    assert particles_of(cluster(size)).particles == Particles(NUMBER, size)


TOLD_APART = {
    "a heavy one": {"extra": lambda y: 0.1 * (y[:, 0] ** 2).sum(axis=1)},
    "an order along a chain": {"extra": lambda y: 0.1 * ((y[:, 1:] - y[:, :-1]) ** 2).sum(axis=(1, 2))},
    "a trap that is not round": {"extra": lambda y: 0.1 * (y[:, :, 0] ** 2).sum(axis=1)},
    "a trap that moves what is inside": {"extra": lambda y: ((y**2).sum(axis=2) ** 2).sum(axis=1)},
    "a set of one": {"set_extra": lambda y: 0.03 * (y[:, 0] ** 2).sum(axis=1)},
    "a set of a place": {"set_extra": lambda y: 0.2 * (y.mean(axis=1) ** 2).sum(axis=1)},
}


@pytest.mark.parametrize("case", list(TOLD_APART))
def test_what_tells_particles_or_places_apart_is_noticed(case):
    assert particles_of(cluster(2, **TOLD_APART[case])).particles is None


def test_an_exchange_that_makes_v_overflow_is_none():
    """The first particle is the leftmost one at all start points, and V forbids it to be another one."""
    problem = cluster(2)

    def leftmost_first(x):
        y = places(x, 2)
        order = np.argsort(y[:, :, 0], axis=1)
        return np.take_along_axis(y, order[:, :, None], axis=1).reshape(x.shape)

    def potential(x):
        with np.errstate(over="ignore"):
            return problem.potential(x) + np.exp(1e5 * (x[:, 0] - x[:, 2]))

    steep = replace(
        problem,
        start_a=leftmost_first(problem.start_a),
        start_b=leftmost_first(problem.start_b),
        potential=potential,
    )
    assert particles_of(steep).particles is None


@pytest.mark.parametrize("extra", [*TOLD_APART.values(), {}])
def test_evaluations_are_counted(extra):
    problem, counted = cluster(2, **extra), []

    def counting(x):
        counted.append(len(x))
        return problem.potential(x)

    watched = replace(problem, potential=counting)
    counted.clear()  # those of the construction
    assert particles_of(watched).evaluations == sum(counted)


def test_forces_that_are_no_gradient_are_not_asked():
    problem = cluster(2)
    assert particles_of(replace(problem, circulation=lambda x: 0.0 * x)) == (None, 0)
    assert particles_of(replace(problem, mobility=np.ones(problem.dim))) == (None, 0)


def test_problems_say_what_they_are():
    assert particles_of(lj7.build(LJ7Parameters(), seed=3)).particles == Particles(7, 2)
    assert particles_of(double_well.build(DoubleWellParameters(dim=6), seed=3)).particles is None
    assert particles_of(spheres.build(SpheresParameters(dim=6), seed=3)).particles is None


@pytest.fixture(scope="module", params=[1, 2, 3])
def functions(request):
    problem = cluster(request.param)
    return problem, SymmetricFunctions(problem, Particles(NUMBER, request.param)), request.param


def test_functions_do_not_know_order_place_or_direction(functions):
    problem, function, size = functions
    x = problem.start_b
    y = places(x, size)[:, [2, 0, 3, 1]] @ random_rotation(size, 5) + np.arange(1.0, 1.0 + size)
    expected = function(x)[:, :-2]
    np.testing.assert_allclose(function(y.reshape(x.shape))[:, :-2], expected, rtol=1e-9, atol=1e-9)
    mirrored = places(x, size) * np.array([-1.0] + [1.0] * (size - 1))
    np.testing.assert_allclose(function(mirrored.reshape(x.shape))[:, :-2], expected, rtol=1e-9, atol=1e-9)


def test_the_last_two_are_the_sets(functions):
    problem, function, _ = functions
    x = np.concatenate([problem.start_a, problem.start_b])
    units = problem.boundary_a(problem.start_b).mean(), problem.boundary_b(problem.start_a).mean()
    edges = np.stack([problem.boundary_a(x) / units[0], problem.boundary_b(x) / units[1]], axis=1)
    np.testing.assert_allclose(np.sinh(function(x)[:, -2:]), 10.0 * edges, rtol=1e-9)


def test_functions_tell_shapes_apart(functions):
    problem, function, _ = functions
    found = function(np.concatenate([problem.start_a, problem.start_b]))
    assert found.shape == (40, function.number)
    gaps = np.linalg.norm(found[:, None] - found[None], axis=2)[~np.eye(40, dtype=bool)]
    assert np.min(gaps) > 1e-3
    np.testing.assert_allclose(np.sinh(found[:, :-2]).mean(axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.sinh(found[:, :-2]).std(axis=0), 1.0, rtol=1e-9)


def test_functions_are_the_same_in_every_framework(functions):
    problem, function, _ = functions
    x, expected = problem.start_a, function(problem.start_a)
    np.testing.assert_allclose(function(torch.from_numpy(x)).numpy(), expected, rtol=1e-10, atol=1e-10)
    with jax.enable_x64(True):
        np.testing.assert_allclose(function(jnp.asarray(x)), expected, rtol=1e-10, atol=1e-10)


def by_loops(x, size, near):
    """What the functions are before they are standardised, particle by particle."""
    found = []
    for y in places(x, size):
        row = []
        for reach in REACHES:
            w = np.zeros((NUMBER, NUMBER))
            for i in range(NUMBER):
                for j in range(NUMBER):
                    if i != j:
                        w[i, j] = 1.0 / (1.0 + (np.linalg.norm(y[i] - y[j]) / (reach * near)) ** 8)
            c = w.sum(axis=1)
            beyond = c - c.mean()
            pairs = [w[i, j] * beyond[i] * beyond[j] for i in range(NUMBER) for j in range(i)]
            row += [c.mean(), *(np.mean(beyond**k) for k in (2, 3, 4)), np.mean(pairs)]
        found.append(row)
    return np.array(found)


def test_functions_are_those_of_their_formula(functions):
    problem, function, size = functions
    x = np.concatenate([problem.start_a, problem.start_b])
    y = places(x, size)
    nearest = [
        min(np.linalg.norm(one[i] - one[j]) for j in range(NUMBER) if j != i)
        for one in y
        for i in range(NUMBER)
    ]
    raw = by_loops(x, size, np.sqrt(np.median(np.square(nearest))))
    standard = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    np.testing.assert_allclose(function(x)[:, :-2], np.arcsinh(standard), rtol=1e-9, atol=1e-9)


def around_the_origin(start_a):
    """A ball in a shell, V flat between: it stays as it is when coordinates are exchanged, turned in pairs or mirrored."""
    start_b = 2.1 * np.eye(6)
    return CommittorProblem(
        dim=6,
        beta=1.0,
        potential=lambda x: np.clip(np.sum(x**2, axis=1) - 4.0, 0.0, None) ** 2,
        boundary_a=lambda x: np.sqrt(np.sum(x**2, axis=1)) - 1.0,
        boundary_b=lambda x: 2.0 - np.sqrt(np.sum(x**2, axis=1)),
        start_a=start_a,
        start_b=start_b,
        box=np.array([[-3.0] * 6, [3.0] * 6]),
    )


@pytest.mark.parametrize("seed", range(5))
def test_what_surrounds_a_point_is_no_set_of_particles(seed):
    """It does not stay as it is when all is shifted, though V is flat and A wide."""
    inside = np.random.default_rng(seed).uniform(-0.3, 0.3, (4, 6))
    assert particles_of(around_the_origin(inside)).particles is None
    assert particles_of(around_the_origin(np.zeros((2, 6)))).particles is None
