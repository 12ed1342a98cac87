"""`log-semigroup`: its loss and its chains against closed forms, and the solver as a whole."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax import log_semigroup
from mfbench_jax.blocks.trajectories import IN_A, IN_B, NEITHER, make_advance, started
from mfbench_jax.log_semigroup_entry import LOG_SEMIGROUP, LogSemigroup

SMALL = LogSemigroup(chains=32, swarm=8, walkers=64, width=32, lag=16)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_swarms_means_hold_exact_values_in_the_sets():
    later = jnp.asarray([[0.1, 0.5], [1.0, -1.0], [0.0, 0.0]])
    last = jnp.asarray([[NEITHER, NEITHER], [IN_A, IN_B], [IN_A, IN_A]])
    there = log_semigroup.log_mean(later, last, IN_A, IN_B)
    np.testing.assert_allclose(there[:2], np.log([(sigmoid(0.1) + sigmoid(0.5)) / 2, 0.5]), rtol=1e-12)
    assert float(there[2]) == log_semigroup.NEVER
    back = log_semigroup.log_mean(-later, last, IN_B, IN_A)
    np.testing.assert_allclose(np.exp(back), 1.0 - np.exp(there), rtol=1e-12)


def test_slopes_by_the_logarithm():
    log_q, mean = (
        jnp.log(jnp.asarray([0.2, 0.2, 0.2])),
        jnp.asarray([np.log(0.3), np.log(0.1), log_semigroup.NEVER]),
    )
    of = jax.grad(lambda log_q, loss: jnp.sum(loss(log_q, mean)), argnums=0)
    np.testing.assert_allclose(of(log_q, log_semigroup.deviance), [-0.5, 0.5, 1.0], rtol=1e-12)
    expected = [2 * np.log(0.2 / 0.3), 2 * np.log(0.2 / 0.1), 0.0]
    np.testing.assert_allclose(of(log_q, log_semigroup.square), expected, rtol=1e-12)


def test_chains_go_on_where_they_are_farthest_from_home_and_end_with_the_goal():
    ends = np.arange(5 * 2 * 1.0).reshape(5, 2, 1)
    last = np.array([[0, 0], [0, 0], [IN_A, 0], [IN_B, 0], [IN_A, IN_A]])
    logits = np.array([[1.0, 2.0], [1.0, 2.0], [9.0, -3.0], [5.0, 0.0], [0.0, 0.0]])
    sides = np.array([0, 1, 0, 0, 0])
    x, over = log_semigroup.next_starts(ends, last, logits, sides)
    np.testing.assert_array_equal(x[:3, 0], [1.0, 2.0, 5.0])
    np.testing.assert_array_equal(over, [False, False, False, True, True])
    assert log_semigroup.next_starts(ends, last, logits, 1 - sides)[1].tolist() == [False] * 2 + [
        True,
        False,
        True,
    ]


def test_the_exact_committor_lacks_nothing_on_average():
    """Brownian motion between planes, q = (1 + x1) / 2, over 4000 ends; ten five-sigma bounds: false alarm 6e-6."""
    problem = CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: 0.0 * jnp.sum(jnp.asarray(x), axis=1),
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.1, 0.0]]),
        start_b=np.array([[1.1, 0.0]]),
        box=np.array([[-3.0, -3.0], [3.0, 3.0]]),
    )
    places, number = np.linspace(-0.9, 0.9, 5), 4000
    x = jnp.asarray([[place, 0.0] for place in places for _ in range(number)])
    now = make_advance(problem, 5e-3)(jax.random.key(0, impl="rbg"), started(problem, x), 40)
    q = np.clip((1.0 + np.asarray(now.x)[:, 0]) / 2.0, 1e-9, 1 - 1e-9)
    later = np.log(q / (1 - q)).reshape(5, number)
    last = np.asarray(now.last).reshape(5, number)
    values = np.where(last == IN_A, 0.0, np.where(last == IN_B, 1.0, q.reshape(5, number)))
    for sign, home, goal, v in ((1.0, IN_A, IN_B, values), (-1.0, IN_B, IN_A, 1.0 - values)):
        mean = log_semigroup.log_mean(jnp.asarray(sign * later), jnp.asarray(last), home, goal)
        exact = (1.0 + sign * places) / 2.0
        lack = np.abs(np.exp(mean) / exact - 1.0)
        assert np.all(lack < 5.0 * v.std(axis=1) / np.sqrt(number) / exact + 1e-6)


def checkpoints(problem, count, seed=0):
    context = mfbench.Context(seed=seed, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    return list(itertools.islice(log_semigroup.solve(problem, SMALL, context), count))


@pytest.fixture(scope="module")
def run(well):
    return checkpoints(well[0], 60)


def test_exact_on_a_and_b_and_strictly_between_elsewhere(run, well):
    problem, judge = well
    last = run[-1]
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_a)) == 0.0)
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_b)) == 1.0)
    values = np.asarray(last.evaluate(last.state, judge.reactive.x[:2000]))
    assert values.dtype == np.float64
    assert np.all((values > 0) & (values < 1))


def test_one_evaluate_growing_work_and_finite_reports(run):
    work = [checkpoint.work["evaluations"] for checkpoint in run]
    about_home, swarms = 4 * SMALL.lag * SMALL.walkers, 2 * SMALL.lag * SMALL.chains * SMALL.swarm
    assert work[0] == 0 and set(np.diff(work[1:])) <= {about_home, about_home + swarms}
    assert np.diff(work)[-1] == about_home + swarms
    assert len({id(checkpoint.evaluate) for checkpoint in run}) == 1
    assert all(math.isfinite(value) for checkpoint in run for value in checkpoint.reports.values())


def test_far_better_than_the_bare_lift_and_near_the_rate(run, well):
    judge = well[1]
    first, last = (
        judge.headline(np.asarray(c.evaluate(c.state, judge.reactive.x))).value for c in (run[0], run[-1])
    )
    assert last < first / 3
    assert run[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=0.5)
    assert 0 < run[-1].reports["rate_error"] < run[-1].reports["rate"]


@pytest.mark.slow
def test_same_seed_same_steps_other_seed_others(run, well):
    runs = [run[:8], checkpoints(well[0], 8), checkpoints(well[0], 8, seed=1)]
    states = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(r[-1].state)]) for r in runs]
    np.testing.assert_array_equal(states[0], states[1])
    assert np.any(states[0] != states[2])


def test_no_reversibility_is_asked_for():
    assert LOG_SEMIGROUP.supports(mfbench.Facts(task="committor", dim=2, flags=frozenset())) is None


@pytest.mark.parametrize("name", ["chains", "swarm", "walkers"])
def test_parameters_are_checked(name):
    with pytest.raises(ValueError, match=f"{name} is 1; expected a whole number >= 2"):
        LogSemigroup(**{name: 1})
