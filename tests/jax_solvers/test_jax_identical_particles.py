"""Committors of identical particles: answers do not tell them apart, and the equation sees right derivatives."""

from __future__ import annotations

from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfbench_jax.is_sgd
import mfbench_jax.is_sgd_entry
import mfbench_torch.is_sgd
import mfbench_torch.is_sgd_entry
from mfbench import Context
from mfbench.frames import random_rotation
from mfbench_committor import double_well, lj7
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_committor.entries.lj7 import LJ7Parameters
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.network_inputs import network_inputs

SMALL = {"windows": 4, "ladders": 4, "moves": 1, "width": 8}
SOLVERS = {
    "is-sgd": (mfbench_jax.is_sgd, mfbench_jax.is_sgd_entry),
    "is-sgd-torch": (mfbench_torch.is_sgd, mfbench_torch.is_sgd_entry),
}


@pytest.fixture(scope="module")
def cluster():
    """Its boundary functions carry no factor, so that the lift does not tell particles apart either."""
    return lj7.build(LJ7Parameters(levels="exact"), seed=2)


@pytest.fixture(scope="module")
def places(cluster):
    """(m, 14) outside A and B, and other labels of them after a turn and a shift."""
    rng = np.random.default_rng(4)
    x = np.concatenate([cluster.start_a, cluster.start_b])
    x = x + 0.1 * rng.standard_normal(x.shape)
    x = x[~(cluster.in_a(x) | cluster.in_b(x))]
    assert len(x) > 10
    moved = x.reshape(-1, 7, 2)[:, rng.permutation(7)] @ random_rotation(2, 3) + 0.2
    return x, moved.reshape(x.shape)


def answer(solver, problem, **parameters):
    """After eight updates."""
    method, entry = SOLVERS[solver]
    context = Context(seed=3, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    with jax.enable_x64(True):
        *_, last = islice(method.solve(problem, entry.ImportanceSampling(**SMALL, **parameters), context), 3)
        return lambda x: np.asarray(last.evaluate(last.state, x))


@pytest.mark.parametrize("network", ["perceptron", pytest.param("mean-field", marks=pytest.mark.slow)])
@pytest.mark.parametrize("solver", SOLVERS)
def test_answers_do_not_tell_particles_apart(cluster, places, solver, network):
    f = answer(solver, cluster, network=network)
    one, two = (f(x) for x in places)
    assert np.std(one) > 1e-3
    np.testing.assert_allclose(one, two, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_coordinates_do_when_they_are_asked_for(cluster, places, solver):
    f = answer(solver, cluster, symmetric=False)
    one, two = (f(x) for x in places)
    assert np.max(np.abs(one - two)) > 1e-6


def test_jets_are_those_of_automatic_differentiation(cluster, places):
    scale = scale_of(cluster)
    with jax.enable_x64(True):
        inputs = network_inputs(cluster, scale, symmetric=True)
        u = (places[0][:6] - scale.centre) / scale.length
        jet = inputs.jet(u)

        def at(y):
            return inputs.values(y[None])[0]

        np.testing.assert_allclose(jet.value, inputs.values(jnp.asarray(u)), rtol=1e-12)
        np.testing.assert_allclose(jet.gradient, jax.jit(jax.vmap(jax.jacrev(at)))(u), rtol=1e-9, atol=1e-10)
        hessian = np.asarray(jax.jit(jax.vmap(jax.hessian(at)))(u))
        np.testing.assert_allclose(jet.laplacian, np.trace(hessian, axis1=2, axis2=3), rtol=1e-8, atol=1e-8)
    assert jet.gradient.shape == (6, inputs.number, 14) and not inputs.plain


def test_other_problems_are_given_as_coordinates():
    well = double_well.build(DoubleWellParameters(dim=4), seed=1)
    inputs = network_inputs(well, scale_of(well), symmetric=True)
    u = np.random.default_rng(0).standard_normal((5, 4))
    assert inputs.plain and inputs.number == 4 and inputs.values(u) is u
    assert inputs.jet(u).gradient is None
