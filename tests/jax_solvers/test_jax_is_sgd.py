"""`is-sgd` as a whole: deterministic, honest about its work, better than its lift after seconds."""

from __future__ import annotations

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfbench import Context, Diverged
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_jax.blocks.landscape import SURVEYED
from mfbench_jax.blocks.supervised import STRETCH, TRAJECTORIES
from mfbench_jax.is_sgd import UPDATES, solve
from mfbench_jax.is_sgd_entry import AS_PUBLISHED, ImportanceSampling

SMALL = {"windows": 8, "ladders": 8, "width": 24, "moves": 3}


def checkpoints(problem, number, seed=11, **parameters):
    """The first `number` checkpoints."""
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return list(itertools.islice(solve(problem, ImportanceSampling(**SMALL | parameters), context), number))


def error(judge, checkpoint):
    return judge.headline(np.asarray(checkpoint.evaluate(checkpoint.state, judge.reactive.x))).value


@pytest.fixture(scope="module")
def trained(well):
    """1200 updates with the first paper's sampling replaced by logit windows, the default."""
    with jax.enable_x64(True):
        return checkpoints(well[0], 301)


def test_a_short_run_beats_the_bare_lift_five_times_over(well, trained):
    judge = well[1]
    assert error(judge, trained[-1]) < error(judge, trained[0]) / 5


def test_the_reported_rate_is_right_to_a_fifth(well, trained):
    reports = trained[-1].reports
    assert reports["rate"] == pytest.approx(well[1].rate.value, rel=0.2)
    assert 0 < reports["rate_error"] < reports["rate"]
    assert 0 < reports["rate_dirichlet_error"] < reports["rate_dirichlet"]


def test_reports_are_finite_and_the_boundary_is_kept(trained):
    for checkpoint in trained[1:]:
        assert np.all(np.isfinite(list(checkpoint.reports.values())))
    reports = trained[-1].reports
    assert reports["boundary_violation"] < 1e-6
    assert 0 < reports["weight_ess"] <= 1 and 0 < reports["window_overlap"] < 1
    assert reports["window_low"] < 0 < reports["window_high"]


def test_work_counts_every_visited_point(trained):
    walkers = SMALL["windows"] * SMALL["ladders"]
    for i, checkpoint in enumerate(trained[:5]):
        assert checkpoint.work["evaluations"] == SURVEYED + walkers * (1 + i * UPDATES * SMALL["moves"])


def test_checkpoints_share_one_evaluate_and_keep_their_state(well, trained):
    assert len({id(checkpoint.evaluate) for checkpoint in trained}) == 1
    # A state that was yielded long ago still is the untrained one.
    again = checkpoints(well[0], 1)[0]
    for old, new in zip(jax.tree.leaves(trained[0].state), jax.tree.leaves(again.state), strict=True):
        np.testing.assert_array_equal(old, new)


def test_equal_seeds_give_equal_runs_and_other_seeds_others(well):
    first, second = checkpoints(well[0], 4), checkpoints(well[0], 4)
    for one, two in zip(first, second, strict=True):
        for a, b in zip(jax.tree.leaves(one.state), jax.tree.leaves(two.state), strict=True):
            np.testing.assert_array_equal(a, b)
        assert one.reports == two.reports
    other = checkpoints(well[0], 4, seed=12)[-1]
    assert any(
        np.any(np.asarray(a) != np.asarray(b))
        for a, b in zip(jax.tree.leaves(first[-1].state), jax.tree.leaves(other.state), strict=True)
    )


@pytest.mark.parametrize(
    "variant",
    [
        {"windows_in": "q"},
        {"sampler": "unbiased"},
        {"optimiser": "sgd", "rate": 0.1},
        pytest.param({"exchange": False, "calibrate": False}, marks=pytest.mark.slow),
        pytest.param(
            {"network": "mean-field", "optimiser": "sgd", "rate": 0.1, "width": 128}, marks=pytest.mark.slow
        ),
        AS_PUBLISHED,
    ],
    ids=[
        "windows in q",
        "walkers of mu",
        "plain sgd",
        "neither exchange nor calibration",
        "mean-field sgd",
        "as published",
    ],
)
def test_variants_learn(well, variant):
    problem, judge = well
    run = checkpoints(problem, 101, **variant)
    assert np.all(np.isfinite(list(run[-1].reports.values())))
    assert error(judge, run[-1]) < 0.5 * error(judge, run[0])


def test_walkers_of_mu_all_weigh_the_same_and_none_is_held(well):
    last = checkpoints(well[0], 3, sampler="unbiased")[-1]
    assert last.reports["weight_ess"] == pytest.approx(1.0)
    assert last.reports["window_overlap"] == pytest.approx(1.0 / SMALL["windows"])
    assert last.work["samples"] == 2 * UPDATES * SMALL["windows"] * SMALL["ladders"]


@pytest.mark.slow
def test_a_string_and_shots_beat_the_bare_lift_five_times_over(well):
    """600 updates; every gradient of V is counted, those of hot walkers and of trajectories as well."""
    problem, judge = well
    run = checkpoints(problem, 151, sampler="string", supervised=True)
    assert error(judge, run[-1]) < error(judge, run[0]) / 5
    reports = run[-1].reports
    assert np.all(np.isfinite(list(reports.values())))
    assert reports["rate"] == pytest.approx(judge.rate.value, rel=0.5)
    assert reports["inside"] > 0.9 and reports["shots"] > 100 and 0.3 < reports["share_b"] < 0.7
    fresh = UPDATES * SMALL["moves"] * SMALL["windows"] * SMALL["ladders"] + 2 * STRETCH * TRAJECTORIES
    assert run[0].work["evaluations"] > 1_000_000
    assert np.all(np.diff([checkpoint.work["evaluations"] for checkpoint in run]) == fresh)


@pytest.mark.slow
def test_the_flux_through_levels_mends_logits_far_from_the_barrier():
    """At T = .07 the same network, 2000 updates: judged with its shift and without it (.12 to .14, three seeds)."""
    parameters = DoubleWellParameters(dim=2, temperature=0.07)
    problem, judge = double_well.build(parameters, seed=5), double_well.judge(parameters, seed=5)
    last = checkpoints(problem, 501, ladders=16, windows=12, heat=1.0)[-1]
    truth = np.log(judge.flat.q) - np.log(judge.flat.p)
    far = np.abs(truth) > 6
    errors = []
    for state in (last.state, last.state._replace(shift=jnp.zeros_like(last.state.shift))):
        values = np.asarray(last.evaluate(state, judge.flat.x))[far]
        logit = np.log(np.maximum(values, 1e-30)) - np.log(np.maximum(1 - values, 1e-16))
        errors.append(np.sqrt(np.mean((logit - truth[far]) ** 2)))
    assert errors[0] < 0.25 * errors[1]


@pytest.mark.parametrize("value", [pytest.param(np.inf, marks=pytest.mark.slow), np.nan])
def test_an_overflowing_potential_ends_as_diverged(well, value):
    """Where V is half above what the start points have it is no number; the sentence says when and how much."""
    problem = well[0]
    highest = float(np.max(problem.potential(np.concatenate([problem.start_a, problem.start_b]))))

    def potential(x):
        v = problem.potential(x)
        return jnp.where(v > 1.5 * highest, value, v) if isinstance(v, jax.Array) else v

    with pytest.raises(Diverged, match=f"step [0-9]+: beta V is {value} at [0-9]+ places"):
        checkpoints(replace(problem, potential=potential), 100)


def test_escaped_walkers_are_counted_and_stay_where_they_are(well):
    """In a box that holds nobody every walker counts at every step; the motion is the same."""
    problem = well[0]
    far = replace(problem, box=np.stack([np.full(2, 50.0), np.full(2, 51.0)]))
    there, here = (checkpoints(one, 3)[-1] for one in (far, problem))
    assert there.reports["walkers_escaped"] == SMALL["windows"] * SMALL["ladders"] * there.reports["steps"]
    assert here.reports["walkers_escaped"] == 0
    for a, b in zip(jax.tree.leaves(there.state), jax.tree.leaves(here.state), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_ends_after_the_updates_asked_for(well):
    """From the line, and with weights of the last look alone."""
    with jax.enable_x64(True):
        found = checkpoints(well[0], 99, updates=8, start="line", memory=0)
    assert [checkpoint.work["samples"] for checkpoint in found] == [0, 4 * 64, 8 * 64]
    assert np.all(np.isfinite(list(found[-1].reports.values())))
    assert found[-1].reports["slab_detour"] > 0
