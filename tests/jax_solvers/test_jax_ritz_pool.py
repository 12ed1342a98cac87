"""The energy over all that walkers have seen in windows that stand, and the places that are kept for it."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

from mfbench import Context, Diverged
from mfbench_jax import gauss_newton
from mfbench_jax.blocks import archive, cooling, energy_lead, ritz_pool
from mfbench_jax.blocks.ansatz import scale_of
from mfbench_jax.blocks.archive import Archive
from mfbench_jax.blocks.energy_lead import KNOWN, EnergyLead
from mfbench_jax.blocks.guided_looks import LOOKS, PAUSE, within_at
from mfbench_jax.blocks.landscape import SURVEYED, Places
from mfbench_jax.blocks.levels import SLAB
from mfbench_jax.blocks.network_inputs import network_inputs
from mfbench_jax.blocks.reactive_shots import PAIRS, ReactiveShots, reconciled
from mfbench_jax.blocks.ritz_pool import FIRST, RELAXED, STRETCHES, UPDATES, RitzPool
from mfbench_jax.blocks.scaled import scaled
from mfbench_jax.blocks.supervised import PROBED
from mfbench_jax.gauss_newton import POOLED, solve
from mfbench_jax.gauss_newton_entry import GaussNewton

LADDERS, WINDOWS, MOVES = 12, 8, 3
SMALL = GaussNewton(windows=WINDOWS, ladders=LADDERS, moves=MOVES, width=10, pool=1500, pause=2)
DIM = 2
SIZE = LADDERS * WINDOWS


def places_of(x):
    """Places (..., d) whose fields can be told apart."""
    first = x[..., 0]
    return Places(x, first, x, 2.0 * first, 3.0 * x, first > 0.0)


@pytest.fixture
def looked_at():
    """An archive of four looks: x, 1 / c and amounts as they were added."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((4, LADDERS, WINDOWS, DIM)).astype(np.float32)
    inverse, amount = (rng.uniform(0.1, 1.0, x.shape[:-1]).astype(np.float32) for _ in range(2))
    kept = Archive(LADDERS, WINDOWS, DIM, most=10**6)
    kept.add(places_of(x), inverse, amount)
    return kept, x, inverse, amount


MASSES = np.linspace(1.0, 5.0, WINDOWS)


def test_weights_are_those_of_the_windows_that_places_belong_to(looked_at):
    kept, _, inverse, _ = looked_at
    expected = (inverse * MASSES).ravel()
    np.testing.assert_allclose(kept.weights(MASSES), expected / expected.sum(), rtol=1e-6)
    assert len(kept) == 4 * SIZE


def test_places_come_back_with_their_own_fields(looked_at):
    kept, x, *_ = looked_at
    rows = np.array([5, 3 * SIZE + 1])
    found = kept.places(rows)
    np.testing.assert_array_equal(found.x, x.reshape(-1, DIM)[rows])
    np.testing.assert_array_equal(found.lift, 2.0 * found.x[:, 0])
    np.testing.assert_array_equal(found.lift_slope, 3.0 * found.x)
    np.testing.assert_array_equal(found.free, found.x[:, 0] > 0.0)


def test_batches_integrate_under_the_law_whatever_their_chances(looked_at):
    """Means of 200 batches of 500 within five standard errors, which all but 1 of 10^6 runs hold, and at most that wide: by
    amounts as they were, and where a few have most of them, so that others are drawn by FLAT alone."""
    kept, x, *_ = looked_at
    weights, g = kept.weights(MASSES), np.cos(x.reshape(-1, DIM)[:, 1])
    for stale in (False, True):
        if stale:
            kept.look_again(lambda places: np.where(places.x[:, 0] > 2.0, 1e3, 0.0), size=100)
        drawn = kept.batches(np.random.default_rng(2), MASSES, number=200, size=500)
        assert drawn.places.x.shape == (200, 500, 1, DIM) and drawn.weights.shape == (200, 500, 1)
        means = np.mean(drawn.weights * np.cos(drawn.places.x[..., 1]), axis=(1, 2))
        error = np.std(means) / np.sqrt(len(means))
        assert abs(np.mean(means) - weights @ g) < 5.0 * error
        assert error < 0.02 * abs(weights @ g)
        assert np.max(drawn.weights) <= (1.0 + 1e-6) * np.max(weights) * len(kept) / archive.FLAT


def test_a_place_is_drawn_as_often_as_its_share_is_large(looked_at):
    kept, x, *_ = looked_at
    kept.look_again(lambda places: (places.x[:, 0] > 1.0).astype(float), size=SIZE)
    drawn = kept.batches(np.random.default_rng(3), MASSES, number=20, size=1000)
    share = np.mean(x[..., 0] > 1.0)
    expected = 1.0 - archive.FLAT + archive.FLAT * share
    assert np.mean(drawn.places.x[..., 0] > 1.0) == pytest.approx(expected, abs=5.0 * 0.5 / np.sqrt(20_000))


def test_where_nothing_is_to_be_integrated_every_place_is_as_likely(looked_at):
    kept, *_ = looked_at
    kept.look_again(lambda places: np.zeros(len(places.x)), size=SIZE)
    drawn = kept.batches(np.random.default_rng(3), MASSES, number=1, size=200)
    assert np.all(np.isfinite(drawn.weights))
    assert np.max(drawn.weights) == pytest.approx(np.max(kept.weights(MASSES)) * len(kept), rel=0.2)


def test_new_places_push_out_the_oldest(looked_at):
    _, x, inverse, amount = looked_at
    few = Archive(LADDERS, WINDOWS, DIM, most=2 * SIZE * (2 * DIM + 5))
    for look in range(4):
        few.add(places_of(x[look : look + 1]), inverse[look : look + 1], amount[look : look + 1])
    assert len(few) == 2 * SIZE
    np.testing.assert_array_equal(few.places(slice(None)).x, x[2:].reshape(-1, DIM))


@pytest.fixture(scope="module")
def inner(well):
    """The problem in the coordinates of the network's inputs."""
    return scaled(well[0], scale_of(well[0]))


@pytest.fixture(scope="module")
def lead(well, inner):
    """Settled."""
    with jax.enable_x64(True):
        inputs = network_inputs(well[0], scale_of(well[0]), symmetric=True)
        found = EnergyLead(inner, inputs, LADDERS, WINDOWS, MOVES, np.random.SeedSequence(5))
        while not found.settled:
            found.advance()
    return found


def pool_of(inner, lead, shooting=True):
    """What goes on from there."""
    seeds = np.random.SeedSequence(6)
    rate = lead.reports["rate"]
    return RitzPool(inner, lead.lift, lead.model, lead.solution, rate, lead.walkers, MOVES, seeds, shooting)


@pytest.fixture(scope="module")
def pool(inner, lead):
    """After forty rounds, the steps of the last twenty ever shorter."""
    with jax.enable_x64(True):
        found = pool_of(inner, lead)
        for share in [1.0] * 20 + list(np.linspace(1.0, 0.0, 20)):
            found.advance(share)
    return found


def error(well, of, solution):
    scale = scale_of(well[0])
    u = (well[1].reactive.x - scale.centre) / scale.length
    return well[1].headline(np.asarray(of.model.evaluate(solution.network, u, solution.shift))).value


def test_it_ends_nearer_to_the_committor_than_it_began(well, lead, pool):
    assert error(well, lead, pool.solution) < 0.6 * error(well, lead, lead.solution)


def test_its_rates_are_right_to_their_error(well, pool):
    """Four jackknife errors of a dozen ladders: all but 2 of 1000 runs. A Dirichlet form is above the rate."""
    nu = well[1].rate.value
    assert abs(pool.reports["rate"] - nu) < 4.0 * pool.reports["rate_error"] + 0.01 * nu
    assert pool.reports["rate_error"] < 0.1 * nu
    assert pool.reports["rate_dirichlet"] > nu - 4.0 * pool.reports["rate_dirichlet_error"]


def test_windows_stand_and_the_work_of_walkers_and_shots_is_counted(inner, lead, pool):
    assert pool.reports["window_low"] == lead.reports["window_low"]
    assert pool.reports["window_high"] == lead.reports["window_high"]
    looks = (40 + FIRST + RELAXED) * LOOKS * PAUSE
    assert pool.samples == looks * SIZE
    steps = 40 * STRETCHES * pool._shots._pace.stretch
    assert pool.evaluations == SURVEYED + MOVES * pool.samples + 2 * 2 * PAIRS * steps + PROBED * inner.dim
    assert (
        pool.reports["places"] == (40 + FIRST) * LOOKS * SIZE and pool.reports["pool_steps"] == 40 * UPDATES
    )
    assert pool.escaped == 0.0, "nobody leaves the box"


def test_the_same_seeds_give_the_same_solution(inner, lead):
    one, two = pool_of(inner, lead), pool_of(inner, lead)
    for each in (one, two):
        each.advance()
    for a, b in zip(jax.tree.leaves(one.solution), jax.tree.leaves(two.solution), strict=True):
        np.testing.assert_array_equal(a, b)


def test_steps_without_length_leave_the_network_where_it_is(inner, lead):
    found = pool_of(inner, lead)
    found.advance(0.0)
    for a, b in zip(
        jax.tree.leaves(found.solution.network), jax.tree.leaves(lead.solution.network), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_an_energy_that_is_no_number_ends_it(inner, lead):
    found = pool_of(inner, lead)
    found._state = found._state._replace(
        watch=found._state.watch._replace(step=np.asarray(7), number=np.asarray(1))
    )
    with pytest.raises(Diverged, match="step 7"):
        found.advance()


def test_pairs_of_trajectories_tell_the_rate_whatever_the_guide_lacks(well, pool):
    """Four of their errors, as for the slab's."""
    nu, told = well[1].rate.value, pool.reports
    assert told["pairs"] > 1000.0
    assert abs(told["rate_by_shots"] - nu) < 4.0 * told["rate_error"] + 0.01 * nu
    assert told["rate_error"] < 0.1 * nu
    by_slab, by_shots = (told["rate_by_slab"], told["rate_by_slab_error"]), told["rate_by_shots"]
    assert told["rate"] == reconciled(by_slab, (by_shots, told["rate_error"]))


def test_shots_that_contradict_the_energy_teach(inner, lead, monkeypatch):
    """Half of the energy's rate with a small error against all of it."""
    networks, slab = [], inner.beta * (SLAB[1] - SLAB[0])
    for factor in (1.0, 0.5):
        with monkeypatch.context() as patch:
            patch.setattr(ReactiveShots, "per_energy", (factor / slab, 1e-3 / slab))
            patch.setattr(ritz_pool, "DOUBTED", 5.0)
            found = pool_of(inner, lead)
            for _ in range(3):
                found.advance()
            networks.append(np.concatenate([np.ravel(part) for part in jax.tree.leaves(found.solution)]))
            share = found.reports["rate"] / found.reports["rate_by_slab"]
            assert 0.8 * factor < share < 1.2 * factor
    assert np.max(np.abs(networks[0] - networks[1])) > 1e-4


def test_without_time_no_trajectory_is_begun_and_no_coin_looked_at(inner, lead, monkeypatch):
    monkeypatch.setattr(ritz_pool.supervised, "lesson_of", None)
    found = pool_of(inner, lead, shooting=False)
    found.advance()
    assert found.evaluations == SURVEYED + MOVES * found.samples
    assert found.reports["rate"] == found.reports["rate_by_slab"]


def test_where_no_time_step_is_known_the_energy_goes_on_alone(inner, lead, monkeypatch):
    """Where V has no second derivatives, where one step may cross the slab, and where nobody has been in it."""

    def rough(*_):
        raise Diverged("step 0: derivatives of the drift are not finite")

    def nobody(self, *_):
        return np.empty((0, inner.dim)), np.empty(0)

    for target, name, broken in (
        (ritz_pool, "pace_of", rough),
        (ritz_pool, "pace_of", lambda *_: None),
        (RitzPool, "_starts", nobody),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(target, name, broken)
            found = pool_of(inner, lead)
        derivatives = PROBED * inner.dim if name == "pace_of" else 0
        assert found.evaluations == SURVEYED + MOVES * found.samples + derivatives
        assert found._shots is None


def test_nobody_in_the_slab_is_no_start(inner, lead, pool):
    newest = pool._gather()
    x, w = pool._starts(newest._replace(within=np.zeros_like(newest.within)), 5)
    assert x.shape == (0, inner.dim) and w.shape == (0,)


def test_starts_are_drawn_by_the_energy_of_the_guide_within_the_slab(inner, lead, pool):
    """The mean of x1 over 4000 draws from one round against the sum with weights: systematic draws are off by less than
    independent ones, five standard errors of which all but 1 of 10^6 hold."""
    newest = pool._gather()
    x, w = pool._starts(newest, 4000)
    assert x.shape == (4000, inner.dim) and np.all(w > 0.0)
    masses = np.asarray(pool._masses(pool._seen))
    weights = (np.asarray(newest.within, float) * np.asarray(newest.inverse, float) * masses).ravel()
    places = np.asarray(newest.places.x, float).reshape(-1, inner.dim)[:, 0]
    mean = weights @ places / weights.sum()
    spread = np.sqrt(weights @ (places - mean) ** 2 / weights.sum())
    assert abs(np.mean(x[:, 0]) - mean) < 5.0 * spread / np.sqrt(4000)
    again = np.asarray(within_at(lead.model, lead.solution.network)(x.astype(np.float32)))
    np.testing.assert_allclose(again, w, rtol=1e-3)


def test_masses_that_turn_out_wrong_are_seen(pool, monkeypatch):
    assert pool.holds
    told = pool.reports["rate_by_slab"]
    for wrong in (0.1 * told, 10.0 * told):
        monkeypatch.setitem(pool.reports, "rate_by_slab", wrong)
        assert not pool.holds
    monkeypatch.delitem(pool.reports, "rate_by_slab")
    assert not pool.holds, "windows have never met"


def test_masses_are_known_when_ladders_agree(lead, monkeypatch):
    monkeypatch.setitem(lead.reports, "rate_dirichlet_error", 0.9 * KNOWN * lead.reports["rate_dirichlet"])
    assert lead.sure
    monkeypatch.setitem(lead.reports, "rate_dirichlet_error", 1.1 * KNOWN * lead.reports["rate_dirichlet"])
    assert not lead.sure
    monkeypatch.delitem(lead.reports, "rate_dirichlet")
    assert not lead.sure, "no rate can be told"


def test_masses_are_not_known_where_nobody_was_in_the_slab(lead, monkeypatch):
    monkeypatch.setitem(lead.reports, "rate_dirichlet_error", 0.0)
    assert lead.sure
    monkeypatch.delitem(lead.reports, "rate")
    assert not lead.sure


@pytest.fixture
def hopeless(monkeypatch):
    """No equation is so far from solved on the well: here any is. The energy has settled, and masses are known, at once."""
    monkeypatch.setattr(cooling, "HOPELESS", 0.0)
    monkeypatch.setattr(energy_lead, "FEWEST", 40)
    monkeypatch.setattr(energy_lead, "SETTLED", np.inf)
    monkeypatch.setattr(energy_lead, "AGREEING", np.inf)
    monkeypatch.setattr(energy_lead, "KNOWN", np.inf)
    monkeypatch.setattr(gauss_newton, "PATIENCE", 0.0)
    monkeypatch.setattr(ritz_pool, "CHANGED", np.inf)


def ends(problem, left):
    """Sixteen checkpoints, the energy's eleven before the equation among them, on a clock on which it compiled in a second
    and then so much is left."""
    clock = itertools.chain([0.0], itertools.repeat(1.0))
    context = Context(seed=2, device="cpu", threads=1, budget=1.0 + left, elapsed=clock.__next__)
    return list(itertools.islice(solve(problem, SMALL, context), 16))


def test_training_ends_with_it_where_the_equation_is_hopeless_and_there_is_time(well, hopeless):
    for left, pooled in ((1.1 * POOLED, True), (0.9 * POOLED, False)):
        answers = ends(well[0], left)
        assert ("places" in answers[-1].reports) == pooled
        assert not any("residual" in checkpoint.reports for checkpoint in answers), "it was not begun"
        work = [checkpoint.work["evaluations"] for checkpoint in answers]
        assert work == sorted(work)


def test_trajectories_run_beside_it_where_there_is_time_for_them(well, hopeless, monkeypatch):
    work = {}
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(gauss_newton, "SHOOTING", seconds)
        last = ends(well[0], 1.1 * POOLED)[-1]
        assert "places" in last.reports
        work[seconds] = last.work["evaluations"] - MOVES * last.work["samples"]
    assert work[0.0] > work[1e9] + 2 * 2 * PAIRS * STRETCHES


def test_not_before_walkers_had_a_while_to_exchange(well, hopeless, monkeypatch):
    monkeypatch.setattr(gauss_newton, "PATIENCE", 0.5)
    assert not any("places" in checkpoint.reports for checkpoint in ends(well[0], 2.0 * POOLED))


def test_the_energy_goes_on_with_its_own_walkers_where_masses_turn_out_wrong(well, hopeless, monkeypatch):
    monkeypatch.setattr(ritz_pool, "CHANGED", 1.0)
    answers = ends(well[0], 2.0 * POOLED)
    assert not any("places" in checkpoint.reports for checkpoint in answers)
    steps = [checkpoint.reports["steps"] for checkpoint in answers[1:]]
    assert steps == sorted(steps) and steps[-1] > 40
    assert answers[-1].work["samples"] > LADDERS * WINDOWS * steps[-1], "what the pool has cost is counted"
