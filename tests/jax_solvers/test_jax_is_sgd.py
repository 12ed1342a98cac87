"""`is-sgd` as a whole: deterministic, honest about its work, better than its lift after seconds."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

from mfbench import Context
from mfbench_jax.is_sgd import UPDATES, solve
from mfbench_jax.parameters import ImportanceSampling

SMALL = {"windows": 8, "ladders": 8, "width": 24, "moves": 3}


def checkpoints(problem, number, seed=11, **parameters):
    """The first `number` checkpoints."""
    context = Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)
    return list(itertools.islice(solve(problem, ImportanceSampling(**SMALL | parameters), context), number))


def error(judge, checkpoint):
    return judge.headline(np.asarray(checkpoint.evaluate(checkpoint.state, judge.reactive.x))).value


@pytest.fixture(scope="module")
def trained(well):
    """600 updates with the first paper's sampling replaced by logit windows, the default."""
    with jax.enable_x64(True):
        return checkpoints(well[0], 151)


def test_a_short_run_beats_the_bare_lift_five_times_over(well, trained):
    judge = well[1]
    assert error(judge, trained[-1]) < error(judge, trained[0]) / 5


def test_the_reported_rate_is_right_to_a_fifth(well, trained):
    reports = trained[-1].reports
    assert reports["rate"] == pytest.approx(well[1].rate.value, rel=0.2)
    assert 0 < reports["rate_error"] < reports["rate"]


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
        assert checkpoint.work["evaluations"] == walkers * (1 + i * UPDATES * SMALL["moves"])


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
    [{"windows_in": "q"}, {"optimiser": "sgd", "rate": 0.1}],
    ids=["windows in q", "plain sgd"],
)
def test_variants_learn(well, variant):
    problem, judge = well
    run = checkpoints(problem, 101, **variant)
    assert np.all(np.isfinite(list(run[-1].reports.values())))
    assert error(judge, run[-1]) < 0.5 * error(judge, run[0])
