"""A problem in the coordinates of a network's inputs is the same problem, in the same time."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.drift import drift
from mfbench_jax.blocks.scaled import scaled


@pytest.fixture(params=["well", "windy"])
def problems(request, well, windy):
    """A problem, one without a circulation and one with it, its scale, and the scaled one."""
    problem = well[0] if request.param == "well" else windy.problem
    scale = scale_of(problem)
    return problem, scale, scaled(problem, scale)


def test_the_law_and_the_sets_are_the_same(problems):
    problem, scale, inner = problems
    u = np.random.default_rng(0).uniform(-1.5, 1.5, (500, problem.dim))
    x = u * scale.length + scale.centre
    np.testing.assert_allclose(
        inner.beta * inner.potential(u), problem.beta * problem.potential(x), rtol=1e-12
    )
    np.testing.assert_array_equal(inner.in_a(u), problem.in_a(x))
    np.testing.assert_array_equal(inner.in_b(u), problem.in_b(x))
    for corner, other in zip(inner.box, problem.box, strict=True):
        np.testing.assert_allclose(corner * scale.length + scale.centre, other)


def test_time_is_the_same(problems):
    """dx = length du: the drift is divided by the length, and the noise 2 / beta by its square."""
    problem, scale, inner = problems
    u = jnp.asarray(np.random.default_rng(0).uniform(-1.5, 1.5, (500, problem.dim)))
    x = u * scale.length + scale.centre
    np.testing.assert_allclose(drift(inner, u), drift(problem, x) / scale.length, rtol=1e-9, atol=1e-9)
    assert 2.0 / inner.beta == pytest.approx(2.0 / problem.beta / scale.length**2)


def test_start_points_and_their_scale_are_one(problems):
    _, _, inner = problems
    again = scale_of(inner)
    np.testing.assert_allclose(again.centre, 0.0, atol=1e-12)
    assert again.length == pytest.approx(1.0)
