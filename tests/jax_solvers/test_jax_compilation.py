"""Compiling is the largest part of a short budget: each function is compiled once."""

import itertools
import logging

import jax
import numpy as np
import pytest

import mfbench
from mfbench_jax import gauss_newton, is_sgd, log_semigroup, particle_sgd, pinn
from mfbench_jax.blocks import compiled
from mfbench_jax.gauss_newton_entry import GaussNewton
from mfbench_jax.is_sgd_entry import ImportanceSampling
from mfbench_jax.log_semigroup_entry import LogSemigroup
from mfbench_jax.particle_sgd_entry import MeanField
from mfbench_jax.pinn_entry import Pinn

SOLVERS = {
    "is-sgd": (is_sgd.solve, ImportanceSampling(windows=4, ladders=3, width=4)),
    "is-sgd with a string and shots": (
        is_sgd.solve,
        ImportanceSampling(windows=4, ladders=3, width=4, sampler="string", supervised=True),
    ),
    "particle-sgd": (particle_sgd.solve, MeanField(particles=10)),
    "gauss-newton warming up": (gauss_newton.solve, GaussNewton(windows=4, ladders=3, width=4)),
    "log-semigroup": (log_semigroup.solve, LogSemigroup(chains=8, swarm=4, walkers=8, width=4)),
    "pinn": (pinn.solve, Pinn(windows=4, ladders=3, width=4, cooling=1)),
}


LONG = tuple(name for name in SOLVERS if name != "particle-sgd")
"""Whose compilation takes a quarter of a minute and more."""


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in SOLVERS]
)
def test_nothing_is_compiled_twice(name, instance, caplog):
    solve, parameters = SOLVERS[name]
    context = mfbench.Context(seed=1, device="cpu", threads=1, budget=1e9, elapsed=lambda: 0.0)
    run = solve(instance[0], parameters, context)
    for _ in itertools.islice(run, 2):
        pass
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for _ in itertools.islice(run, 2):
            pass
    run.close()
    assert [line for line in caplog.messages if "ompil" in line] == []


@pytest.mark.parametrize("compile_", [compiled.once, compiled.seldom])
def test_what_is_compiled_sooner_gives_the_same_values(compile_):
    def f(x):
        return jax.numpy.tanh(x @ x.T) + jax.numpy.sum(jax.numpy.exp(-(x**2)), axis=1)

    x = np.random.default_rng(0).standard_normal((20, 20))
    np.testing.assert_allclose(compile_(f)(x), f(x), rtol=1e-12)


def test_an_option_that_this_jaxlib_does_not_know_is_left_out():
    assert compiled.known({**compiled.SELDOM, "xla_no_such_option": True}) == compiled.SELDOM
