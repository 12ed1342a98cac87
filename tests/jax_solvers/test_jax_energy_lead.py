"""The training by the energy that leads `gauss-newton`, and how its network is taught what that has found."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

from mfbench import Context
from mfbench_jax.blocks import tanh_network
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.energy_lead import FEWEST, EnergyLead
from mfbench_jax.blocks.landscape import SURVEYED
from mfbench_jax.blocks.levels import shifted
from mfbench_jax.blocks.network_inputs import network_inputs
from mfbench_jax.blocks.ritz_training import UPDATES
from mfbench_jax.blocks.scaled import scaled
from mfbench_jax.blocks.transfer import ENOUGH, taught
from mfbench_jax.gauss_newton import SHORT, STEPS, solve
from mfbench_jax.gauss_newton_entry import GaussNewton

LADDERS, WINDOWS, MOVES = 12, 8, 3


@pytest.fixture(scope="module")
def lead(well):
    """Settled, in the coordinates of the network's inputs."""
    with jax.enable_x64(True):
        scale = scale_of(well[0])
        inputs = network_inputs(well[0], scale, symmetric=True)
        found = EnergyLead(scaled(well[0], scale), inputs, LADDERS, WINDOWS, MOVES, np.random.SeedSequence(5))
        while not found.settled:
            found.advance()
    return found


def test_it_settles_near_the_committor(well, lead):
    scale = scale_of(well[0])
    u = (well[1].reactive.x - scale.centre) / scale.length
    values = np.asarray(lead.model.evaluate(lead.solution.network, u, lead.solution.shift))
    assert well[1].headline(values).value < 0.05
    assert FEWEST <= lead.steps < 4 * FEWEST and lead.steps % UPDATES == 0


def test_it_counts_what_its_walkers_did(lead):
    walkers = LADDERS * WINDOWS
    assert lead.samples == walkers * lead.steps
    assert lead.evaluations == SURVEYED + walkers * (1 + lead.steps * MOVES)
    assert lead.places.shape[1:] == (LADDERS, WINDOWS, 2)


def test_its_logit_is_that_of_what_it_hands_over(lead):
    u = np.random.default_rng(0).uniform(-0.3, 0.3, (50, 2))
    values = np.asarray(lead.model.evaluate(lead.solution.network, u, lead.solution.shift))
    np.testing.assert_allclose(jax.nn.sigmoid(lead.logit(u)), values, rtol=1e-12)
    plain = lead.model.logit(tanh_network.cast(lead.solution.network, np.float64), u)
    np.testing.assert_allclose(lead.logit(u), shifted(lead.solution.shift, plain), rtol=1e-12)


def test_a_network_learns_values_and_knows_them_at_other_points():
    def target(u):
        return np.sin(2.0 * u[:, 0]) + u[:, 1] * u[:, 2]

    rng = np.random.default_rng(1)
    u, others = rng.uniform(-1.0, 1.0, (2, 1500, 3))
    net = tanh_network.random_network(rng, 3, 16, 2)
    found = np.asarray(tanh_network.values(taught(net, u, target(u)), others))
    assert np.sqrt(np.mean((found - target(others)) ** 2)) < 3.0 * ENOUGH


def test_the_energy_goes_on_where_the_equation_would_only_compile(well):
    """On a clock on which the energy compiles for half of the budget: nothing else begins, long after it has settled."""
    clock = itertools.chain([0.0], itertools.repeat(0.25 * SHORT))
    context = Context(seed=2, device="cpu", threads=1, budget=0.5 * SHORT, elapsed=lambda: next(clock))
    small = GaussNewton(windows=WINDOWS, ladders=LADDERS, moves=MOVES, width=10, pool=1500, pause=2)
    answers = list(itertools.islice(solve(well[0], small, context), 4 * FEWEST // UPDATES))
    assert all("ritz_energy" in checkpoint.reports for checkpoint in answers[1:])
    values = answers[-1].evaluate(answers[-1].state, well[1].reactive.x)
    assert well[1].headline(np.asarray(values)).value < 0.05


@pytest.mark.slow
def test_a_short_run_begins_with_the_energy_and_goes_on_with_the_equation(well):
    context = Context(seed=2, device="cpu", threads=1, budget=0.5 * SHORT, elapsed=lambda: 0.0)
    small = GaussNewton(windows=WINDOWS, ladders=LADDERS, moves=MOVES, width=10, pool=1500, pause=2)
    run = solve(well[0], small, context)
    begun = list(itertools.takewhile(lambda checkpoint: "residual" not in checkpoint.reports, run))
    ended = list(itertools.islice(run, 6 * STEPS))

    def error(checkpoint):
        return well[1].headline(np.asarray(checkpoint.evaluate(checkpoint.state, well[1].reactive.x))).value

    assert "heat" not in begun[-1].reports and ended[-1].reports["heat"] == 1.0
    assert error(ended[-1]) < 0.1 * error(begun[-1]) and error(begun[-1]) < 0.2 * error(begun[0])
    work = [checkpoint.work["evaluations"] for checkpoint in [*begun, *ended]]
    assert work == sorted(work) and len({id(checkpoint.evaluate) for checkpoint in [*begun, *ended]}) == 1
