"""Outcomes of trajectories as targets: unbiased for the exact committor, in a loss whose weight is bounded."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import cumulative_trapezoid

from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks.shots import Shots
from mfbench_jax.blocks.supervised import (
    BATCH,
    STRETCH,
    TRAJECTORIES,
    WEIGHT,
    Lesson,
    Teacher,
    make_loss,
    weight_of,
)
from mfbench_jax.blocks.trajectories import make_advance, step_of

FALSE_ALARM = 1e-5
"""Of the two-sided normal test: 4.42 standard errors."""


def well(edge=1.0):
    """V = 2 (x^2 - 1)^2 at beta = 1, A = {x <= -edge}, B = {x >= edge}."""
    return CommittorProblem(
        dim=1,
        beta=1.0,
        potential=lambda x: 2.0 * (x[:, 0] ** 2 - 1.0) ** 2,
        boundary_a=lambda x: x[:, 0] + edge,
        boundary_b=lambda x: edge - x[:, 0],
        start_a=np.array([[-edge - 0.1]]),
        start_b=np.array([[edge + 0.1]]),
        box=np.array([[-2.5], [2.5]]),
    )


def exact(x):
    """q(x) = int_{-1}^x e^V / int_{-1}^1 e^V."""
    nodes = np.linspace(-1.0, 1.0, 20_001)
    integral = cumulative_trapezoid(np.exp(2.0 * (nodes**2 - 1.0) ** 2), nodes, initial=0.0)
    return np.interp(x, nodes, integral / integral[-1])


def test_mean_outcome_is_the_exact_committor_of_the_double_well():
    """1500 shots from places all over, all run to their ends, one coin each: sum of y - q(x) against its exact error."""
    problem, rng = well(), np.random.default_rng(4)
    starts = rng.uniform(-0.8, 0.8, (1500, 1)).astype(np.float32)
    dt, _ = step_of(problem, starts[:64])
    shots = Shots(problem, make_advance(problem, dt / 4), len(starts), seed=5)
    shots.start(starts)
    x, y, first = [], [], True
    while shots.longest or first:
        ended = shots.run(256)
        first = False
        x.append(ended.x), y.append(ended.y)
    assert shots.ended == len(starts)
    # Places noted on the way are later draws of the same coins: only starts are independent of one another.
    x, y = np.concatenate(x)[:, 0], np.concatenate(y)
    own = np.isin(x, starts[:, 0])
    q = exact(x[own])
    assert own.sum() == len(starts)
    assert abs(np.sum(y[own] - q)) < 4.42 * np.sqrt(np.sum(q * (1 - q)))


def test_the_loss_is_least_at_the_mean_of_shots_and_its_slope_that_of_means():
    loss = make_loss(lambda params, x: jnp.full(len(x), params))
    y = jnp.asarray([1.0, 0.0, 0.0, 1.0, 0.0])
    x = jnp.zeros((5, 1))
    slope = jax.grad(lambda params: loss(params, None, Lesson(x, y, 3.0)))
    logit = float(np.log(0.4 / 0.6))
    assert abs(float(slope(logit))) < 1e-6
    f = 1 / (1 + np.exp(-0.7))
    np.testing.assert_allclose(slope(0.7), 3.0 * 2 * (f - 0.4) * f * (1 - f), rtol=1e-6)
    assert loss(0.7, None, None) == 0.0, "no lesson"


def test_the_weight_rises_with_the_coins_and_is_bounded():
    weights = [weight_of(n) for n in (0, 10, 1000, 10**6, 10**9)]
    assert weights[0] == 0.0 and np.all(np.diff(weights) > 0) and weights[-1] <= WEIGHT


def test_lessons_hold_outcomes_and_count_every_gradient():
    problem = well()
    teacher = Teacher(problem, np.linspace(-0.5, 0.5, 50, dtype=np.float32)[:, None], seed=6)
    spent, seen = teacher.evaluations, []
    for lesson in range(1, 41):
        seen.append(teacher.lesson(lambda x: x[:, 0], np.zeros((0, 1), np.float32), 4))
        assert teacher.evaluations == spent + lesson * 2 * STRETCH * TRAJECTORIES
    assert seen[0].x.shape == seen[-1].x.shape == (4, BATCH, 1)
    assert np.all(np.diff([lesson.weight[0] for lesson in seen]) >= 0) and set(np.unique(seen[-1].y)) == {
        0.0,
        1.0,
    }
    assert teacher.reports["shots"] > 0 and 0.2 < teacher.reports["share_b"] < 0.8


def test_a_lesson_before_the_first_outcome_weighs_nothing():
    """A and B lie 18 kT above the wells: nobody gets there."""
    teacher = Teacher(well(edge=2.0), np.zeros((50, 1), np.float32), seed=7)
    lesson = teacher.lesson(lambda x: x[:, 0], np.zeros((0, 1), np.float32), 4)
    assert teacher.reports["shots"] == 0 and np.all(lesson.weight == 0.0)
    assert lesson.x.shape == (4, BATCH, 1) and lesson.y.shape == (4, BATCH)
