"""What `gauss-newton` and `pinn` notice at the places where their walkers go: energies that are no numbers, and escapes."""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context, Diverged
from mfbench_jax import gauss_newton, pinn
from mfbench_jax.blocks import watch
from mfbench_jax.gauss_newton_entry import GaussNewton
from mfbench_jax.pinn_entry import Pinn

LADDERS, WINDOWS = 12, 8
SIZE = {"windows": WINDOWS, "ladders": LADDERS, "width": 10}
METHODS = {
    "gauss-newton": (gauss_newton.solve, GaussNewton(**SIZE, pool=500)),
    "pinn": (pinn.solve, Pinn(**SIZE)),
}


@pytest.fixture(params=METHODS)
def checkpoints(request):
    """(problem, number) -> the first checkpoints of a method."""
    solve, parameters = METHODS[request.param]

    def run(problem, number):
        context = Context(seed=5, device="cpu", threads=1, budget=100.0, elapsed=lambda: 0.0)
        return list(itertools.islice(solve(problem, parameters, context), number))

    return run


@pytest.mark.parametrize(("begun", "step"), [(0, 20), (600, 620)])
def test_the_step_is_that_of_the_run(begun, step):
    """Where walkers began anew in its midst, their own steps come on top."""
    noticed = watch.tried(watch.nothing(jnp.zeros(3)), jnp.array(20), jnp.array([0.0, jnp.inf, jnp.inf]))
    with pytest.raises(Diverged, match=f"step {step}: beta V is inf at 2 places"):
        watch.check(noticed, 640, begun=begun)


@pytest.mark.slow
def test_an_overflowing_potential_ends_as_diverged(well, checkpoints):
    """Where V is half above what the start points have it is no number; the sentence says when and how much."""
    problem = well[0]
    highest = float(np.max(problem.potential(np.concatenate([problem.start_a, problem.start_b]))))

    def potential(x):
        v = problem.potential(x)
        return jnp.where(v > 1.5 * highest, jnp.inf, v) if isinstance(v, jax.Array) else v

    with pytest.raises(Diverged, match=r"step [0-9]+: beta V is inf at [0-9]+ places"):
        checkpoints(replace(problem, potential=potential), 20)


@pytest.mark.slow
def test_escaped_walkers_are_counted(well, checkpoints):
    """In a box that holds nobody every walker counts at every look, and in the problem's own hardly any."""
    problem = well[0]
    far = replace(problem, box=np.stack([np.full(2, 50.0), np.full(2, 51.0)]))
    there, here = (checkpoints(one, 2)[-1] for one in (far, problem))
    looked = there.work["samples"]
    assert looked > 0
    assert there.reports["walkers_escaped"] == looked
    assert here.reports["walkers_escaped"] < 0.01 * looked
