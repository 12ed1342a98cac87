"""`birth-death`: who dies, who is born, how gaps are filled, and the energies of the catalogue."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context
from mfbench_jax import birth_death, particle_regression
from mfbench_jax.birth_death import restored
from mfbench_jax.birth_death_entry import BirthDeath
from mfbench_jax.blocks.keys import root_key
from mfbench_jax.blocks.mean_field import Cloud
from mfbench_jax.particle_parameters import ParticleDescent
from mfbench_regression import signed_mixture
from mfbench_regression.entries.signed_mixture import SignedMixtureParameters

PLATEAU = 1.37e-2
"""Set down beforehand: where descent and copies stall from the bad start."""


pytestmark = pytest.mark.usefixtures("double_precision")


def cloud(n):
    return Cloud(jnp.arange(n, dtype=float) + 1, jnp.arange(n, dtype=float)[:, None])


def those(n, *which):
    return jnp.zeros(n, bool).at[jnp.asarray(which, int)].set(True) if which else jnp.zeros(n, bool)


def after(seed, dies, doubles, pool=None, n=6):
    one, two = jax.random.split(root_key(seed))
    return restored(one, two, cloud(n), those(n, *dies), those(n, *doubles), pool)


def test_nobody_dies_and_nobody_is_born():
    found = after(0, (), ())
    assert sorted(np.asarray(found.z[:, 0]).astype(int)) == list(range(6))
    np.testing.assert_array_equal(found.c, found.z[:, 0] + 1)


def test_one_dies_and_one_is_doubled():
    for seed in range(20):
        found = after(seed, (2,), (4,))
        assert sorted(np.asarray(found.z[:, 0]).astype(int)) == [0, 1, 3, 4, 4, 5]
        np.testing.assert_array_equal(found.c, found.z[:, 0] + 1)


def test_a_gap_is_filled_with_copies_of_all_survivors_alike():
    """Of 600 fills each of five survivors has a share of a fifth: chi^2 of 4 degrees below 23.5 (1e-4)."""
    counts = np.zeros(6)
    for seed in range(600):
        z = np.asarray(after(seed, (2,), ()).z[:, 0]).astype(int)
        assert len(z) == 6
        counts += np.bincount(z, minlength=6)
    assert counts[2] == 0
    extra = counts[[0, 1, 3, 4, 5]] - 600
    assert np.sum(extra) == 600
    assert np.sum((extra - 120) ** 2 / 120) < 23.5


def test_a_surplus_leaves_at_random():
    """Six and one copy: who leaves is uniform over seven, of whom two are number 1. 4.5 sigma."""
    kept = np.zeros(6)
    for seed in range(600):
        kept += np.bincount(np.asarray(after(seed, (), (1,)).z[:, 0]).astype(int), minlength=6)
    expected = 600 * np.array([6, 12, 6, 6, 6, 6]) / 7
    assert np.all(np.abs(kept - expected) < 4.5 * (600 * 6 / 49 * np.array([1, 2, 1, 1, 1, 1])) ** 0.5)


def test_reinjection_fills_gaps_from_the_pool_with_no_weight():
    pool = np.array([[70.0], [80.0]])
    found = after(3, (0, 1, 2), (4,), pool)
    new = np.asarray(found.z[:, 0]) >= 70
    assert np.count_nonzero(new) == 2
    np.testing.assert_array_equal(np.asarray(found.c)[new], 0.0)
    assert sorted(np.asarray(found.z[:, 0])[~new].astype(int)) == [3, 4, 4, 5]


def test_when_all_die_copies_stay_and_the_pool_replaces():
    everyone = tuple(range(6))
    np.testing.assert_array_equal(after(0, everyone, ()).z, cloud(6).z)
    np.testing.assert_array_equal(after(0, everyone, (), np.array([[9.0]])).z, 9.0)


def energies(solve, kind, start, seed, steps, **values):
    """Energy by step."""
    problem = signed_mixture.build(SignedMixtureParameters(start=start), seed)
    parameters = kind(particles=100, step=0.01, steps=steps, **values)
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return {int(c.reports["steps"]): c.reports["objective"] for c in solve(problem, parameters, context)}


def medians(solve, kind, start, steps, seeds=3, **values):
    runs = [energies(solve, kind, start, seed, steps, **values) for seed in range(seeds)]
    return {step: float(np.median([run[step] for run in runs])) for step in runs[0]}


def test_births_and_deaths_without_a_rate_are_none():
    plain = energies(particle_regression.solve, ParticleDescent, "good", 0, 64)
    still = energies(birth_death.solve, BirthDeath, "good", 0, 64, rate=0.0)
    for step, value in plain.items():
        assert still[step] == pytest.approx(value, rel=1e-9)


def test_from_the_good_start_births_and_deaths_are_at_least_twice_as_fast():
    """To what descent has at step 1000, in half the steps."""
    plain = medians(particle_regression.solve, ParticleDescent, "good", 992)
    fast = medians(birth_death.solve, BirthDeath, "good", 1504)
    assert fast[480] < plain[992]
    assert 3e-3 < plain[992] < 7e-3  # catalogue, n = 200, six seeds: 5.3e-3


def test_no_births_and_deaths_in_the_last_steps():
    """With all steps to settle it is plain descent, up to the order of particles."""
    plain = energies(particle_regression.solve, ParticleDescent, "bad", 1, 96)
    settled = energies(birth_death.solve, BirthDeath, "bad", 1, 96, settle=96)
    assert settled[96] == pytest.approx(plain[96], rel=1e-9)


@pytest.mark.slow
def test_from_the_bad_start_only_the_prior_gets_away():
    """Catalogue: descent and copies stall at 1.37e-2; with the prior 1.3e-4 at step 10,000, at most 3.2e-4."""
    steps = 10_016
    plain = medians(particle_regression.solve, ParticleDescent, "bad", steps)
    copies = medians(birth_death.solve, BirthDeath, "bad", steps)
    prior = medians(birth_death.solve, BirthDeath, "bad", steps, reinject=True)
    assert plain[steps] == pytest.approx(PLATEAU, rel=0.01)
    assert copies[steps] == pytest.approx(PLATEAU, rel=0.01)
    assert prior[steps] < 3.2e-4


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match=r"rate is -1\.0; expected a number >= 0"):
        BirthDeath(rate=-1.0)
    with pytest.raises(ValueError, match="settle is -1"):
        BirthDeath(settle=-1)
