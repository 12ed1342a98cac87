"""The stirred Mueller-Brown potential: the drift beside -grad V keeps the law and is the same for every library."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from mfbench_committor import mueller_circulation
from mfbench_committor.entries.mueller_circulation import MuellerCirculationParameters


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def problem():
    return mueller_circulation.build(MuellerCirculationParameters(circulation=3.0), 1)


@pytest.fixture(scope="module")
def points(problem):
    return np.random.default_rng(2).uniform(*problem.box, (500, 2))


def test_the_circulation_keeps_the_law(problem, points):
    """div(c e^{-beta V}) = 0, that is div c = beta c . grad V; here c . grad V = 0 as well."""
    slope = jax.vmap(jax.grad(lambda x: problem.potential(x[None])[0]))
    matrix = jax.vmap(jax.jacfwd(lambda x: problem.circulation(x[None])[0]))
    x = jnp.asarray(points)
    c, gradient = problem.circulation(x), slope(x)
    size = jnp.sum(gradient**2, axis=1)
    np.testing.assert_allclose(jnp.sum(c * gradient, axis=1) / size, 0.0, atol=1e-14)
    np.testing.assert_allclose(jnp.sum(c**2, axis=1), 9.0 * size, rtol=1e-10)
    jacobian = matrix(x)
    scale = jnp.max(jnp.abs(jacobian), axis=(1, 2))
    np.testing.assert_allclose(jnp.trace(jacobian, axis1=1, axis2=2) / scale, 0.0, atol=1e-13)


def test_libraries_agree(problem, points):
    own = problem.circulation(points)
    assert own.shape == points.shape
    for found in (problem.circulation(torch.asarray(points)), problem.circulation(jnp.asarray(points))):
        np.testing.assert_allclose(np.asarray(found), own, rtol=1e-12)


@pytest.mark.parametrize(
    ("circulation", "message"),
    [
        (lambda x: x[:, 0], r"circulation\(start_a\) gave shape \(32,\).*expected \(32, 2\)"),
        (lambda x: np.full_like(x, np.nan), "64 values not finite"),
    ],
)
def test_a_circulation_of_another_shape_is_refused(problem, circulation, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(problem, circulation=circulation)


@pytest.mark.parametrize("circulation", [0.0, 11.0, float("nan")])
def test_circulations_out_of_range_are_refused(circulation):
    with pytest.raises(ValueError, match="expected a number from -10 to 10, not 0"):
        MuellerCirculationParameters(circulation=circulation)
