"""The training by the energy that leads `gauss-newton`, and how its network is taught what that has found."""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import numpy as np
import pytest

from mfbench import Context, hot_start
from mfbench.hot_start import RARE, SURE
from mfbench_jax.blocks import energy_lead, tanh_network
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.cooling import HOTTEST, SOLVED, UNSOLVED
from mfbench_jax.blocks.energy_lead import FEWEST, EnergyLead
from mfbench_jax.blocks.landscape import SURVEYED
from mfbench_jax.blocks.levels import shifted
from mfbench_jax.blocks.network_inputs import network_inputs
from mfbench_jax.blocks.ritz_training import UPDATES
from mfbench_jax.blocks.scaled import scaled
from mfbench_jax.blocks.tanh_network import TanhNetwork
from mfbench_jax.blocks.transfer import ENOUGH, taught
from mfbench_jax.gauss_newton import STEPS, solve
from mfbench_jax.gauss_newton_entry import GaussNewton

LADDERS, WINDOWS, MOVES = 12, 8, 3
SMALL = GaussNewton(windows=WINDOWS, ladders=LADDERS, moves=MOVES, width=10, pool=1500, pause=2)
BUDGET = 30.0


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


def test_its_logit_is_that_of_what_it_hands_over(lead):
    u = np.random.default_rng(0).uniform(-0.3, 0.3, (50, 2))
    values = np.asarray(lead.model.evaluate(lead.solution.network, u, lead.solution.shift))
    np.testing.assert_allclose(jax.nn.sigmoid(lead.logit(u)), values, rtol=1e-12)
    plain = lead.model.logit(tanh_network.cast(lead.solution.network, np.float64), u)
    np.testing.assert_allclose(lead.logit(u), shifted(lead.solution.shift, plain), rtol=1e-12)


def test_places_come_in_rounds_that_are_alike_each_window_in_its_column(lead):
    each = 2 * LADDERS * WINDOWS
    rounds = lead.rounds(np.random.default_rng(3), looks=2, most=3 * each - 1)
    assert [part.shape for part in rounds] == [(2, LADDERS, WINDOWS, 2)] * 2
    places = np.concatenate(rounds).reshape(-1, WINDOWS, 2)
    heights = np.median(lead.logit(places.reshape(-1, 2)).reshape(-1, WINDOWS), axis=0)
    assert np.all(np.diff(heights) > 0)
    assert len(lead.rounds(np.random.default_rng(3), looks=2, most=1)) == 1, "one at least"


def bend(networks):
    """How far three averages are off a line, on which those of a point that stays lie; 1 - cos."""
    flat = [np.concatenate([np.ravel(part) for part in jax.tree.leaves(net)]) for net in networks]
    first, second = np.diff(np.asarray(flat, float), axis=0)
    return 1.0 - first @ second / np.linalg.norm(first) / np.linalg.norm(second)


def test_steps_without_length_leave_the_network_where_it_is(lead):
    def averages(share):
        for _ in range(3):
            lead.advance(share)
            yield lead.solution.network

    assert bend(averages(1.0)) > 1e-2
    assert bend(averages(0.0)) < 1e-3


def test_steps_have_fallen_to_none_when_the_budget_ends(well):
    """What is left when there is no room for an equation is the energy's; after some updates the clock is at the end."""
    clock = itertools.chain([0.0], itertools.repeat(0.8 * BUDGET, 20), itertools.repeat(BUDGET))
    context = Context(seed=2, device="cpu", threads=1, budget=BUDGET, elapsed=lambda: next(clock))
    *_, one, two, three = itertools.islice(solve(well[0], SMALL, context), 24)
    assert one.work["samples"] < two.work["samples"] < three.work["samples"], "walkers go on"
    assert bend(checkpoint.state.network for checkpoint in (one, two, three)) < 1e-3


@pytest.mark.parametrize("seed", [0, 1])
def test_a_network_goes_on_learning_after_steps_that_gain_little(seed):
    """A function of a distance between two particles, as a bond's: steps were given up with 95 % of it unlearned."""

    def target(u):
        return 4.0 * np.sin(3.0 * np.linalg.norm(u[:, :2] - u[:, 2:4], axis=1))

    rng = np.random.default_rng(seed)
    u, others = rng.uniform(-1.0, 1.0, (2, 1500, 6))
    net = tanh_network.random_network(np.random.default_rng(seed + 10), 6, 24, 2)
    found = np.asarray(tanh_network.values(taught(net, u, target(u)), others))
    assert np.sqrt(np.mean((found - target(others)) ** 2)) < 0.4 * np.std(target(others))


def test_a_network_learns_what_its_first_steps_hardly_touch():
    """A step in a distance between two particles: no ridge is like it, and five short steps in a row ended the lesson with
    .32 of 3.1 unlearned (of which sixty steps leave .15)."""

    def target(u):
        return 4.0 * np.tanh(2.5 * (np.linalg.norm(u[:, :3] - u[:, 3:], axis=1) - 1.9))

    rng = np.random.default_rng(0)
    u = 0.8 * rng.standard_normal((2000, 6))
    found = np.asarray(
        tanh_network.values(taught(tanh_network.random_network(rng, 6, 40, 2), u, target(u)), u)
    )
    assert np.sqrt(np.mean((found - target(u)) ** 2)) < 0.2


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
    clock = itertools.chain([0.0], itertools.repeat(0.5 * BUDGET))
    context = Context(seed=2, device="cpu", threads=1, budget=BUDGET, elapsed=lambda: next(clock))
    answers = list(itertools.islice(solve(well[0], SMALL, context), 2 * FEWEST // UPDATES))
    assert all("ritz_energy" in checkpoint.reports for checkpoint in answers[1:])
    values = answers[-1].evaluate(answers[-1].state, well[1].reactive.x)
    assert well[1].headline(np.asarray(values)).value < 0.05


def test_transitions_are_rare_where_windows_reach_far_once_they_have_settled(lead, monkeypatch):
    assert lead.steps > SURE and not lead.rare, "a barrier of five kT"
    monkeypatch.setitem(lead.reports, "window_low", lead.reports["window_high"] - 1.1 * RARE)
    assert lead.rare
    monkeypatch.setattr(hot_start, "SURE", 2 * lead.steps)
    assert not lead.rare, "too early to say"


def test_the_energy_leads_to_the_equation_whose_answer_is_told_once_it_is_solved(well):
    context = Context(seed=2, device="cpu", threads=1, budget=BUDGET, elapsed=lambda: 0.0)
    run = solve(well[0], SMALL, context)
    begun = list(itertools.takewhile(lambda checkpoint: "residual" not in checkpoint.reports, run))
    ended = list(itertools.islice(run, 6 * STEPS))

    def error(checkpoint):
        return well[1].headline(np.asarray(checkpoint.evaluate(checkpoint.state, well[1].reactive.x))).value

    assert {checkpoint.reports["heat"] for checkpoint in ended} == {1.0}, "nothing is rare here"
    answered = False
    for checkpoint in ended:
        answered = checkpoint.reports["residual"] <= (SOLVED if answered else UNSOLVED)
        assert isinstance(checkpoint.state.network, TanhNetwork) == answered
        assert checkpoint.reports["rate"] == begun[-1].reports["rate"], (
            "of the energy, until there is a better one"
        )
    assert error(ended[-1]) < 0.1 * error(begun[-1]) and error(begun[-1]) < 0.2 * error(begun[0])
    work = [checkpoint.work["evaluations"] for checkpoint in [*begun, *ended]]
    assert work == sorted(work) and len({id(checkpoint.evaluate) for checkpoint in [*begun, *ended]}) == 1


def test_hot_equations_come_first_where_points_are_fewer_than_parameters(well):
    few = replace(SMALL, pool=100)
    run = solve(well[0], few, Context(seed=2, device="cpu", threads=1, budget=BUDGET, elapsed=lambda: 0.0))
    first = next(checkpoint for checkpoint in run if "residual" in checkpoint.reports)
    assert first.work["samples"] > LADDERS * WINDOWS * FEWEST, "the energy has settled"
    assert first.reports["heat"] == HOTTEST and first.reports["points"] <= few.pool


def test_an_energy_that_stands_still_has_not_settled_while_its_rates_disagree(lead, monkeypatch):
    assert lead.settled
    monkeypatch.setitem(lead.reports, "rate", 1.5 * lead.reports["rate_dirichlet"])
    assert not lead.settled
    monkeypatch.setattr(energy_lead, "LATEST", lead.steps)
    assert lead.settled, "one does not wait for ever"
    monkeypatch.setattr(energy_lead, "LATEST", lead.steps + 1)
    monkeypatch.delitem(lead.reports, "rate")
    assert not lead.settled, "nothing is told of it"
