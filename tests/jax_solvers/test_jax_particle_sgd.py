"""`particle-sgd`: stable, deterministic, and right where transitions are not rare."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_jax.blocks import network
from mfbench_jax.particle_sgd import solve
from mfbench_jax.particle_sgd_entry import MeanField


def run(problem, number, seed=4, **parameters):
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    chosen = MeanField(**{"particles": 64, "walkers": 128, "moves": 2} | parameters)
    return list(itertools.islice(solve(problem, chosen, context), number))


def error(judge, checkpoint):
    return judge.headline(np.asarray(checkpoint.evaluate(checkpoint.state, judge.reactive.x))).value


def test_learns_where_transitions_are_frequent():
    parameters = DoubleWellParameters(dim=2, temperature=1.0)
    problem, judge = double_well.build(parameters, 3), double_well.judge(parameters, 3)
    checkpoints = run(problem, 101)
    assert error(judge, checkpoints[-1]) < error(judge, checkpoints[0])


@pytest.mark.slow
def test_the_error_of_the_rate_is_its_spread_over_runs():
    """Over 20 seeds with the network held still (step 1e-9), which have 19 and 20 x 15 degrees of freedom."""
    problem = double_well.build(DoubleWellParameters(dim=2, temperature=1.0), 3)
    told = [run(problem, 11, seed=seed, step=1e-9)[-1].reports for seed in range(20)]
    rates, errors = (np.array([reports[name] for reports in told]) for name in ("rate", "rate_error"))
    ratio = np.mean(errors**2) / np.var(rates, ddof=1)
    # F(300, 19) lies there but for 1e-4 on either side.
    assert 0.35 < ratio < 4.9


def test_stays_finite_where_they_are_rare():
    problem = double_well.build(DoubleWellParameters(dim=2, temperature=0.05), 3)
    last = run(problem, 101, step=0.5)[-1]
    assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(last.state))


def test_equal_seeds_give_equal_runs(well):
    for one, two in zip(run(well[0], 4), run(well[0], 4), strict=True):
        for a, b in zip(jax.tree.leaves(one.state), jax.tree.leaves(two.state), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_mean_field_network_does_not_change_when_its_units_are_doubled():
    """It depends on the units' empirical measure alone: 1/n before the sum."""
    units = network.particles(jax.random.key(1), 3, 10, jnp.float64)
    units = units._replace(c=jax.random.normal(jax.random.key(2), (10,)))
    doubled = network.Particles(*(jnp.concatenate([part, part]) for part in units))
    x = jax.random.normal(jax.random.key(3), (7, 3))
    np.testing.assert_allclose(network.mean_field(units, x), network.mean_field(doubled, x), rtol=1e-12)


def test_particle_time_has_no_width_in_it():
    """n grad_{theta_i} of a functional of the network is the same for n units and for each unit twice."""
    units = network.particles(jax.random.key(1), 3, 10, jnp.float64)
    units = units._replace(c=jax.random.normal(jax.random.key(2), (10,)))
    doubled = network.Particles(*(jnp.concatenate([part, part]) for part in units))
    x = jax.random.normal(jax.random.key(3), (7, 3))

    def velocity(units):
        slope = jax.grad(lambda units: jnp.sum(network.mean_field(units, x) ** 2))(units)
        return len(units.c) * slope.w

    assert float(jnp.max(jnp.abs(velocity(units)))) > 0
    np.testing.assert_allclose(velocity(doubled)[:10], velocity(units), rtol=1e-12)
    assert velocity(units).shape == (10, 3) == np.shape(units.w)
    with pytest.raises(ValueError, match="particles is 0; expected a whole number >= 1"):
        MeanField(particles=0)
