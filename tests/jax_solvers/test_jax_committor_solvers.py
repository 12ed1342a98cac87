"""is-sgd and particle-sgd as wholes: exact boundary values, repeatable steps, honest work, a first success."""

import itertools
import math
from dataclasses import replace

import jax
import numpy as np
import pytest

import mfbench
from mfbench_jax import is_sgd, particle_sgd
from mfbench_jax.blocks.landscape import SURVEYED
from mfbench_jax.is_sgd_entry import ImportanceSampling
from mfbench_jax.particle_sgd_entry import MeanField

SMALL = {
    "is-sgd": (is_sgd.solve, ImportanceSampling(windows=8, ladders=12, width=16, warm_up=10)),
    "is-sgd in q": (is_sgd.solve, ImportanceSampling(windows=8, ladders=12, width=16, windows_in="q")),
    "plain SGD": (is_sgd.solve, ImportanceSampling(windows=8, ladders=12, width=16, optimiser="sgd")),
    "particle-sgd": (particle_sgd.solve, MeanField(particles=32, walkers=64)),
}


def context(seed=0):
    return mfbench.Context(seed=seed, device="cpu", threads=1, budget=60.0, elapsed=lambda: 0.0)


def checkpoints(solver, problem, count, seed=0):
    solve, parameters = SMALL[solver]
    return list(itertools.islice(solve(problem, parameters, context(seed)), count))


VARIANTS = ("is-sgd in q", "plain SGD")
"""Which share most of their code with `is-sgd`."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=pytest.mark.slow) if n in VARIANTS else n for n in SMALL],
)
def run(request, instance):
    return request.param, checkpoints(request.param, instance[0], 4)


def test_exact_on_a_and_b_and_strictly_between_elsewhere(run, instance):
    problem, judge = instance
    last = run[1][-1]
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_a)) == 0.0)
    assert np.all(np.asarray(last.evaluate(last.state, problem.start_b)) == 1.0)
    values = np.asarray(last.evaluate(last.state, judge.reactive.x[:2000]))
    assert values.dtype == np.float64
    assert np.all((values > 0) & (values < 1))


def test_gradient_is_that_of_evaluate(run, instance):
    _, judge = instance
    last, x, h = run[1][-1], judge.energy.x[:50], 1e-5
    found = np.asarray(last.gradient(last.state, x))
    for axis, shift in enumerate(h * np.eye(x.shape[1])):
        pair = [np.asarray(last.evaluate(last.state, x + sign * shift)) for sign in (1, -1)]
        np.testing.assert_allclose(found[:, axis], (pair[0] - pair[1]) / (2 * h), rtol=1e-4, atol=1e-6)


def test_one_evaluate_and_growing_work(run):
    solver, seen = run
    assert len({id(checkpoint.evaluate) for checkpoint in seen}) == 1
    solve, parameters = SMALL[solver]
    if solve is is_sgd.solve:
        walkers = parameters.windows * parameters.ladders
        expected = [walkers * (1 + step * is_sgd.UPDATES * parameters.moves) for step in range(4)]
    else:
        fresh = particle_sgd.UPDATES * parameters.moves
        expected = [parameters.walkers * (1 + particle_sgd.BURN_IN + step * fresh) for step in range(4)]
    assert [checkpoint.work["evaluations"] - SURVEYED for checkpoint in seen] == expected
    assert all(math.isfinite(value) for value in seen[-1].reports.values())


def test_same_seed_same_steps_other_seed_others(run, instance):
    solver, seen = run
    again, other = checkpoints(solver, instance[0], 4), checkpoints(solver, instance[0], 4, seed=1)
    leaves = [
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(run[-1].state)])
        for run in (seen, again, other)
    ]
    np.testing.assert_array_equal(leaves[0], leaves[1])
    assert np.any(leaves[0] != leaves[2])


def test_yielded_states_stay_as_they_were(instance):
    solve, parameters = SMALL["is-sgd"]
    iterator = solve(instance[0], parameters, context())
    next(iterator)
    held = next(iterator)
    before = np.asarray(held.evaluate(held.state, instance[1].reactive.x[:100])).copy()
    for _ in range(5):
        next(iterator)
    np.testing.assert_array_equal(before, np.asarray(held.evaluate(held.state, instance[1].reactive.x[:100])))


@pytest.mark.slow
def test_short_run_beats_the_bare_lift_five_times_over(instance):
    problem, judge = instance
    solve, _ = SMALL["is-sgd"]
    errors = []
    run = solve(problem, replace(ImportanceSampling(), width=32), context())
    for checkpoint in itertools.islice(run, 101):
        last = checkpoint
        if not errors:
            errors.append(judge.headline(np.asarray(last.evaluate(last.state, judge.reactive.x))).value)
    errors.append(judge.headline(np.asarray(last.evaluate(last.state, judge.reactive.x))).value)
    assert errors[1] < errors[0] / 5.0
    assert last.reports["rate"] == pytest.approx(judge.rate.value, rel=0.3)


BAD = {
    "windows": (ImportanceSampling, {"windows": 2}, ">= 3"),
    "ladders": (ImportanceSampling, {"ladders": 1}, ">= 2"),
    "rate": (ImportanceSampling, {"rate": 0.0}, "> 0"),
    "optimiser": (ImportanceSampling, {"optimiser": "lion"}, "adam, sgd"),
    "windows_in": (ImportanceSampling, {"windows_in": "p"}, "logit, q"),
    "sampler": (ImportanceSampling, {"sampler": "ladder"}, "umbrella, string"),
    "particles": (MeanField, {"particles": 0}, ">= 1"),
    "step": (MeanField, {"step": -1.0}, "> 0"),
}


@pytest.mark.parametrize("name", BAD)
def test_parameters_are_checked(name):
    kind, values, words = BAD[name]
    with pytest.raises(ValueError, match=name) as caught:
        kind(**values)
    assert words in str(caught.value)
