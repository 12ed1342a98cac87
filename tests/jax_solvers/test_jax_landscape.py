"""What walkers see where fields have no slope, and where the zero of V is far away: in jax and in torch alike."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from array_api_compat import array_namespace

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax import is_sgd, particle_sgd
from mfbench_jax.blocks.landscape import survey
from mfbench_jax.blocks.lift import lift_of
from mfbench_jax.is_sgd_entry import ImportanceSampling
from mfbench_jax.particle_sgd_entry import MeanField
from mfbench_torch import particle_sgd as torch_particle_sgd
from mfbench_torch.blocks.landscape import survey as torch_survey
from mfbench_torch.blocks.lift import lift_of as torch_lift_of
from mfbench_torch.particle_sgd_entry import MeanField as TorchMeanField

TIMELESS = mfbench.Context(seed=0, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)


def wells(zero=0.0, radius=0.5, temperature=0.2):
    """V = zero + (x1^2 - 1)^2 + x2^2, balls as distances, which have no slope at their centres: there walkers start."""
    centres = np.array([[-1.0, 0.0], [1.0, 0.0]])

    def ball(centre):
        def boundary(x):
            xp = array_namespace(x)
            return xp.sqrt((x[:, 0] - centre[0]) ** 2 + (x[:, 1] - centre[1]) ** 2) - radius

        return boundary

    return CommittorProblem(
        dim=2,
        beta=1.0 / temperature,
        potential=lambda x: zero + (x[:, 0] ** 2 - 1.0) ** 2 + x[:, 1] ** 2,
        boundary_a=ball(centres[0]),
        boundary_b=ball(centres[1]),
        start_a=centres[:1],
        start_b=centres[1:],
        box=np.array([[-3.0, -3.0], [3.0, 3.0]]),
    )


def places(problem, x):
    """As seen in jax and in torch, in single precision."""
    ours = survey(problem, lift_of(problem, 0.5))(jnp.asarray(x, jnp.float32))
    twins = torch_survey(problem, torch_lift_of(problem, 0.5))(torch.as_tensor(x, dtype=torch.float32))
    return ours, twins


def test_at_a_centre_the_lift_does_not_pull():
    x = np.array([[[-1.0, 0.0], [1.0, 0.0], [0.3, 0.2]]])
    for seen in places(wells(), x):
        slope = np.asarray(seen.lift_slope)
        assert np.all(slope[0, :2] == 0.0)
        assert np.all(np.isfinite(slope)) and np.any(slope[0, 2] != 0.0)


def test_walkers_that_start_at_centres_learn():
    problem, small = wells(), ImportanceSampling(windows=6, ladders=4, width=16, updates=40)
    *_, last = is_sgd.solve(problem, small, TIMELESS)
    middle = np.array([[0.0, 0.0], [-0.4, 0.0], [0.4, 0.0]])
    q = np.asarray(last.evaluate(last.state, middle))
    assert abs(q[0] - 0.5) < 0.2
    assert q[1] < q[0] < q[2]


@pytest.mark.parametrize("zero", [1e6, -1e8])
def test_the_zero_of_v_is_a_convention(zero):
    """In single precision V + 1e8 would be rounded to 8; energies and slopes stay those of V, up to one constant."""
    x = np.random.default_rng(0).normal(size=(1, 50, 2))
    for plain, moved in zip(places(wells(), x), places(wells(zero), x), strict=True):
        shift = np.asarray(moved.energy) - np.asarray(plain.energy)
        assert np.ptp(shift) < 1e-4
        np.testing.assert_allclose(moved.energy_slope, plain.energy_slope, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("solve", "parameters"),
    [(particle_sgd.solve, MeanField), (torch_particle_sgd.solve, TorchMeanField)],
    ids=["jax", "torch"],
)
def test_nothing_runs_away_where_all_walkers_are_in_sets_at_first(solve, parameters):
    """Balls of six thermal widths: the first energy is 0, and its unit must not be what rounding leaves of it."""
    problem = wells(radius=0.9, temperature=0.02)
    small = parameters(particles=16, walkers=32, moves=1)
    for checkpoint in itertools.islice(solve(problem, small, TIMELESS), 8):
        values = np.asarray(checkpoint.evaluate(checkpoint.state, np.array([[0.05, 0.0], [0.0, 0.3]])))
        assert np.all(np.isfinite(values))
        assert np.all(np.abs(values - 0.5) < 0.45), "the untrained answer, or close to it"
