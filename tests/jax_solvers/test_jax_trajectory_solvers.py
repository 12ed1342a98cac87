"""Solvers on trajectories as wholes: exact boundary values, honest work, repeatable, a first success."""

import itertools
import math

import jax
import numpy as np
import pytest

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax import markov_model, semigroup, shooting, splitting
from mfbench_jax.markov_model_entry import MARKOV_MODEL, MarkovModel
from mfbench_jax.semigroup_entry import SEMIGROUP, Semigroup
from mfbench_jax.shooting_entry import SHOOTING, Shooting
from mfbench_jax.splitting_entry import SPLITTING, Splitting

SMALL = {
    "shooting": (shooting.solve, Shooting(walkers=256, width=32), 60),
    "splitting": (splitting.solve, Splitting(paths=64, replicas=4, walkers=64, width=32), 1500),
    "semigroup": (semigroup.solve, Semigroup(width=32, lag=32), 40),
    "markov-model": (markov_model.solve, MarkovModel(functions=100, lag=32), 20),
}

LONG = {"shooting": 300, "semigroup": 160, "markov-model": 80}
"""Checkpoints after which walkers about A and B have entered often enough for a rate."""


def checkpoints(solver, problem, count=None, seed=0):
    solve, parameters, enough = SMALL[solver]
    context = mfbench.Context(seed=seed, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    return list(itertools.islice(solve(problem, parameters, context), count or enough))


@pytest.fixture(
    scope="module",
    params=["shooting", "semigroup", "markov-model", pytest.param("splitting", marks=pytest.mark.slow)],
)
def run(request, well):
    return request.param, checkpoints(request.param, well[0])


def test_exact_on_a_and_b_and_between_elsewhere(run, well):
    problem, judge = well
    last = run[1][-1]
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_a)) == 0.0)
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_b)) == 1.0)
    values = np.asarray(last.evaluate(last.state, judge.reactive.x[:2000]))
    assert values.dtype == np.float64
    assert np.all((values >= 0) & (values <= 1))


def test_gradient_is_that_of_evaluate(run, well):
    last, x, h = run[1][-1], well[1].energy.x[:50], 1e-6
    found = np.asarray(last.gradient(last.state, x))
    for axis, shift in enumerate(h * np.eye(x.shape[1])):
        pair = [np.asarray(last.evaluate(last.state, x + sign * shift)) for sign in (1, -1)]
        np.testing.assert_allclose(found[:, axis], (pair[0] - pair[1]) / (2 * h), rtol=1e-4, atol=1e-5)


def test_one_evaluate_growing_work_and_finite_reports(run):
    seen = run[1]
    work = [checkpoint.work["evaluations"] for checkpoint in seen]
    assert len({id(checkpoint.evaluate) for checkpoint in seen}) == 1
    assert work[0] == 0 or run[0] == "splitting"
    assert work == sorted(work) and work[-1] > 10_000
    assert all(math.isfinite(value) for checkpoint in seen for value in checkpoint.reports.values())


def test_far_better_than_the_bare_lift(run, well):
    judge = well[1]
    first, last = (
        judge.headline(np.asarray(c.evaluate(c.state, judge.reactive.x))).value
        for c in (run[1][0], run[1][-1])
    )
    assert last < first / 3


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["splitting", "shooting", "semigroup", "markov-model"])
def test_the_rate_is_covered(solver, well):
    """At 4 of its own standard errors, of which each is a few per cent or tens of them."""
    reports = checkpoints(solver, well[0], LONG.get(solver))[-1].reports
    assert abs(reports["rate"] - well[1].rate.value) < 4 * reports["rate_error"]
    assert reports["rate_error"] < 0.4 * reports["rate"]


@pytest.mark.slow
def test_same_seed_same_steps_other_seed_others(run, well):
    solver, seen = run
    count = min(40, len(seen))
    runs = [seen[:count], checkpoints(solver, well[0], count), checkpoints(solver, well[0], count, seed=1)]
    states = [np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(r[-1].state)]) for r in runs]
    np.testing.assert_array_equal(states[0], states[1])
    assert runs[0][-1].work == runs[1][-1].work
    assert np.any(states[0] != states[2]) or runs[0][-1].work != runs[2][-1].work


@pytest.mark.parametrize("entry", [SHOOTING, SPLITTING, MARKOV_MODEL, SEMIGROUP])
def test_trajectories_need_no_reversibility(entry):
    facts = mfbench.Facts(task="committor", dim=2, flags=frozenset())
    assert entry.supports(facts) is None


BAD = [
    (Shooting, {"walkers": 0}, "walkers is 0; expected a whole number >= 1"),
    (Splitting, {"replicas": 1}, "replicas is 1; expected a whole number >= 2"),
    (Splitting, {"paths": 7}, "paths is 7; expected a whole number >= 8"),
    (Splitting, {"killed": 1.0}, r"killed is 1.0; expected a number in \(0, 1\)"),
    (Semigroup, {"lag": 0}, "lag is 0; expected a whole number >= 1"),
    (MarkovModel, {"lag": 0}, "lag is 0; expected a whole number >= 1"),
    (MarkovModel, {"tolerance": 2.0}, r"tolerance is 2.0; expected a number in \(0, 1\)"),
]


@pytest.mark.parametrize(("kind", "values", "words"), BAD)
def test_parameters_are_checked(kind, values, words):
    with pytest.raises(ValueError, match=words):
        kind(**values)


@pytest.mark.slow
def test_splitting_leaves_sets_that_hold_nearly_all_of_their_basins():
    """Discs of three and a half thermal widths about both minima: one look in six finds a walker outside."""
    centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
    problem = CommittorProblem(
        dim=2,
        beta=30.0,
        potential=lambda x: (x[:, 0] ** 2 - 1.0) ** 2 + 4.0 * x[:, 1] ** 2,
        boundary_a=lambda x: (x[:, 0] + 1.0) ** 2 + x[:, 1] ** 2 - 0.05,
        boundary_b=lambda x: (x[:, 0] - 1.0) ** 2 + x[:, 1] ** 2 - 0.05,
        start_a=centres[:1],
        start_b=centres[1:],
        box=np.array([[-2.5, -2.5], [2.5, 2.5]]),
    )
    last = checkpoints("splitting", problem, 3000)[-1]
    assert last.work["samples"] > 0, "coins were tossed"
