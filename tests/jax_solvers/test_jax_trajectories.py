"""Trajectories to A or B: the step's weak order, hits between steps, and the coins that become of them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks.design import LOOKED_AT, WIDEST, Design
from mfbench_jax.blocks.fitting import make_fit
from mfbench_jax.blocks.outcomes import Coins, make_loss
from mfbench_jax.blocks.shots import Shots
from mfbench_jax.blocks.tempering import tempered_places
from mfbench_jax.blocks.trajectories import IN_A, IN_B, NEITHER, STEP_SHARE, make_advance, started, step_of

ALARM = 1e-5
KEY = jax.random.key(0, impl="rbg")


def between(stiffness=0.0, beta=1.0, dim=2, edge=1.0):
    """V = stiffness |x|^2 / 2, A = {x1 <= -edge}, B = {x1 >= edge}."""
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=lambda x: 0.5 * stiffness * jnp.sum(jnp.asarray(x) ** 2, axis=1),
        boundary_a=lambda x: (x[:, 0] + edge) * (2.0 + x[:, 1] ** 2),
        boundary_b=lambda x: edge - x[:, 0],
        start_a=np.array([[-edge - 0.1] + [0.0] * (dim - 1)]),
        start_b=np.array([[edge + 0.1] + [0.0] * (dim - 1)]),
        box=np.array([[-3.0 * edge] * dim, [3.0 * edge] * dim]),
    )


def test_a_step_has_the_moments_of_the_exact_one_to_second_order():
    """Ornstein-Uhlenbeck: the mean factor is e^{-k dt} and the stationary variance 1/(beta k), both up to dt^3."""
    k, beta, dt = 3.0, 2.0, 0.05
    x = jnp.full((100_000, 2), 0.4)
    seen = make_advance(between(k, beta, edge=50.0), dt)(KEY, started(between(k, beta, edge=50.0), x), 1)
    a = k * dt
    mean, variance = 0.4 * (1 - a + a * a / 2), 2.0 * dt / beta * (1 - a / 2) ** 2
    found = np.asarray(seen.x).ravel()
    assert abs(found.mean() - mean) < 4.5 * np.sqrt(variance / found.size)
    assert abs(found.var() / variance - 1) < 4.5 * np.sqrt(2.0 / found.size)
    assert abs(mean / (0.4 * np.exp(-a)) - 1) < a**3 / 5
    assert abs(variance / (1 - (1 - a + a * a / 2) ** 2) * beta * k - 1) < a**2 / 3


def end_of(problem, x, dt, steps):
    return make_advance(problem, dt)(KEY, started(problem, x), steps)


@pytest.mark.parametrize("place", [-0.8, 0.3])
def test_brownian_motion_hits_b_first_as_often_as_it_should_at_large_steps(place):
    """q = (1 + x1) / 2. The noise of a step is .2, so that hits seen at its ends only would come late."""
    number, problem = 8000, between()
    ended = np.asarray(end_of(problem, jnp.tile(jnp.asarray([place, 0.0]), (number, 1)), 0.02, 300).last)
    assert np.all(ended != NEITHER)
    hits = int(np.sum(ended == IN_B))
    assert stats.binomtest(hits, number, (1 + place) / 2).pvalue > ALARM


def test_the_mean_time_to_a_hit_is_exact_up_to_the_last_step():
    """E tau = (1 - x1^2) beta / 2, counted in whole steps: half a step more. Five-sigma bounds."""
    number, problem, dt = 5000, between(beta=2.0), 0.02
    times = np.asarray(end_of(problem, jnp.zeros((number, 2)), dt, 800).steps) * dt
    assert abs(times.mean() - (1.0 + dt / 2)) < 5 * times.std() / np.sqrt(number)


def test_who_starts_in_a_set_has_ended_there_and_who_ended_stays():
    problem = between()
    x = jnp.asarray([[-1.2, 0.0], [1.1, 0.0], [0.0, 0.0]])
    seen = started(problem, x)
    assert list(np.asarray(seen.last)) == [IN_A, IN_B, NEITHER]
    later = make_advance(problem, 0.01)(KEY, seen, 50)
    np.testing.assert_array_equal(later.x[:2], x[:2])
    assert list(np.asarray(later.steps)[:2]) == [0, 0]


def test_a_circulation_carries_the_walkers():
    """dX = c dt + sqrt(2) dW along x1: q = (1 - e^{-c (1 + x1)}) / (1 - e^{-2 c}), at 0 1 / (1 + e^{-c})."""
    number, problem = (
        6000,
        dataclasses.replace(between(), circulation=lambda x: jnp.asarray([1.5, 0.0]) + 0.0 * jnp.asarray(x)),
    )
    ended = np.asarray(end_of(problem, jnp.zeros((number, 2)), 0.02, 300).last)
    hits = int(np.sum(ended == IN_B))
    assert np.all(ended != NEITHER)
    assert stats.binomtest(hits, number, 1 / (1 + np.exp(-1.5))).pvalue > ALARM


def test_a_mobility_scales_noise_and_force_in_each_coordinate():
    """One step of V = k |x|^2 / 2 with M = diag(.25, 0): the moments of Heun's step in x1, and x2 as it was."""
    k, beta, dt, m = 3.0, 2.0, 0.05, 0.25
    problem = dataclasses.replace(between(k, beta, edge=50.0), mobility=np.array([m, 0.0]))
    x = np.asarray(end_of(problem, jnp.full((100_000, 2), 0.4), dt, 1).x)
    a = k * m * dt
    mean, variance = 0.4 * (1 - a + a * a / 2), 2.0 * m * dt / beta * (1 - a / 2) ** 2
    assert abs(x[:, 0].mean() - mean) < 4.5 * np.sqrt(variance / len(x))
    assert abs(x[:, 0].var() / variance - 1) < 4.5 * np.sqrt(2.0 / len(x))
    np.testing.assert_array_equal(x[:, 1], x[0, 1])
    assert x[0, 1] == pytest.approx(0.4, abs=1e-7)


def test_hits_between_steps_follow_the_noise_of_their_direction():
    """With M = diag(.25, 1) the exit time of x1 is four times that of M = 1: E tau = beta (1 - x1^2) / (2 M)."""
    number, dt = 5000, 0.08
    problem = dataclasses.replace(between(beta=2.0), mobility=np.array([0.25, 1.0]))
    times = np.asarray(end_of(problem, jnp.zeros((number, 2)), dt, 800).steps) * dt
    assert abs(times.mean() - (4.0 + dt / 2)) < 5 * times.std() / np.sqrt(number)


def test_a_place_without_a_finite_slope_is_never_entered():
    """V is finite there, so that this is no overflow."""
    problem = between(edge=5.0)
    holed = dataclasses.replace(
        problem,
        potential=lambda x: jnp.sqrt(jnp.where(jnp.asarray(x)[:, 1] > 0.3, 0.0 * jnp.asarray(x)[:, 1], 1.0)),
    )
    seen = make_advance(holed, 0.02)(KEY, started(holed, jnp.zeros((500, 2))), 40)
    assert bool(jnp.all(jnp.isfinite(seen.x)))
    assert float(jnp.std(seen.x[:, 0])) > 0.5
    assert bool(jnp.all(seen.x[:, 1] <= 0.3))


def overflowing(low, high, value):
    """Without a force, and with this V where x1 is between, outside the box and beside the line between the start points."""

    def potential(x):
        x = jnp.asarray(x)
        return jnp.where((x[:, 0] > low) & (x[:, 0] < high) & (x[:, 1] != 0.0), value, 0.0)

    return dataclasses.replace(between(), potential=potential, box=np.array([[-0.5, -3.0], [0.5, 3.0]]))


@pytest.mark.parametrize("value", [jnp.inf, jnp.nan])
def test_a_trajectory_that_tries_an_overflow_ends_the_trial(value):
    """With all in the middle nobody is at .6 in a step of noise .1, and of 500 someone is in fifty."""
    problem = overflowing(0.6, 0.8, value)
    advance, now = make_advance(problem, 0.005), started(problem, jnp.zeros((500, 2)))
    now = advance(KEY, now, 1)
    with pytest.raises(Diverged, match=rf"step [0-9]+: beta V is {value} at [0-9]+ places"):
        advance(KEY, now, 50)


def test_who_stands_in_a_set_tries_nothing():
    """An overflow deep in A, where one trajectory starts, and which the others never reach: they stop at its boundary."""
    problem = overflowing(-3.0, -2.0, jnp.inf)
    x = jnp.concatenate([jnp.asarray([[-2.5, 0.0]]), jnp.zeros((200, 2))])
    seen = make_advance(problem, 0.02)(KEY, started(problem, x), 200)
    assert np.all(np.asarray(seen.last) != NEITHER)


def test_trajectories_outside_the_box_are_counted_after_each_call():
    """Those that stand in a set since before the call are not."""
    problem = dataclasses.replace(between(edge=2.0), box=np.array([[-3.0, -0.5], [3.0, 0.5]]))
    advance, now, expected = make_advance(problem, 0.02), started(problem, jnp.zeros((400, 2))), 0
    for number in range(8):
        going = np.asarray(now.last) == NEITHER
        now = advance(jax.random.fold_in(KEY, number), now, 20)
        expected += np.sum(going & (np.abs(np.asarray(now.x)[:, 1]) > 0.5))
    assert 0 < np.sum(np.asarray(now.last) == NEITHER) < 400
    assert advance.escaped == expected > 400


def test_each_trajectory_stops_where_it_is_to():
    """Half of them stop in A: the others go on, and nobody stops in B who stands there and is not to."""
    problem, stop = between(), np.arange(1000) < 500
    now = started(problem, jnp.zeros((1000, 2)))
    advance = make_advance(problem, 0.02)
    now = advance(KEY, now, 300, stop, True)
    later = advance(jax.random.fold_in(KEY, 1), now, 300, stop, True)
    assert np.all(np.asarray(now.last) != NEITHER)
    stayed = np.asarray(now.last) == np.asarray(later.last)
    assert np.all(stayed[stop]) and not np.all(stayed[~stop])
    assert np.all(np.asarray(now.x)[:500] == np.asarray(later.x)[:500])


def test_the_time_step_follows_the_largest_curvature():
    dt, cost = step_of(between(stiffness=7.0), np.zeros((5, 2)))
    assert dt == pytest.approx(STEP_SHARE / 7.0)
    assert cost == 10


def test_coins_of_shots_are_fair_at_every_place_noted():
    """Of all places noted in bins of q, the share that ends in B is q: z-scores over shots, alarm 1e-5 per bin."""
    problem = between()
    shots = Shots(problem, make_advance(problem, 0.01), 2000, 1)
    rng, x, y = np.random.default_rng(2), [], []
    while shots.ended < 20_000:
        free = len(shots.free)
        shots.start(rng.uniform([-0.95, -1], [0.95, 1], (free, 2)).astype(np.float32))
        ended = shots.run(4)
        x.append(ended.x), y.append(ended.y)
    q, y = (1 + np.concatenate(x)[:, 0]) / 2, np.concatenate(y)
    assert len(y) > 1.5 * shots.ended
    for low in np.arange(0.05, 0.95, 0.1):
        inside = (q >= low) & (q < low + 0.1)
        excess = np.sum(y[inside] - q[inside])
        # Coins of one trajectory are the same coin: at most NOTES equal draws, about 3 on average.
        assert abs(excess) < 4.5 * np.sqrt(3.0 * np.sum(q[inside] * (1 - q[inside])))


def test_work_counts_two_gradients_per_step():
    shots = Shots(between(), make_advance(between(), 0.01), 7, 1)
    shots.start(np.zeros((7, 2), np.float32))
    shots.run(5), shots.run(3)
    assert shots.evaluations == 2 * 7 * 8


def test_shots_that_wait_for_a_start_stay_where_they_are():
    """Four of seven are at the origin, where V is infinite and nobody has started; three are far from it."""
    problem = dataclasses.replace(
        between(), potential=lambda x: jnp.where(jnp.sum(jnp.asarray(x) ** 2, axis=1) < 1e-4, jnp.inf, 0.0)
    )
    shots = Shots(problem, make_advance(problem, 1e-4), 7, 1)
    shots.start(np.full((3, 2), 0.5, np.float32))
    for _ in range(3):
        shots.run(4)
    assert np.all(shots.x[3:] == 0.0) and np.all(shots.x[:3] != 0.5)
    assert list(shots.free) == [3, 4, 5, 6]


def test_starts_are_flat_in_the_logit():
    rng = np.random.default_rng(0)
    places = rng.normal(-3.0, 1.5, (8000, 1))
    design = Design(places, rng)
    design.add(rng.normal(3.0, 0.5, (500, 1)))
    chosen = design.choose(lambda x: x[:, 0], 4000)[:, 0]
    counts, _ = np.histogram(chosen, np.linspace(-4.0, 3.5, 16))
    assert np.min(counts) > 0.6 * np.mean(counts)
    assert LOOKED_AT < len(design.places) == 8500
    assert np.max(np.abs(np.clip(chosen, -WIDEST, WIDEST))) <= WIDEST


def test_regression_finds_the_chance_of_a_biased_coin():
    """z = w x + c on outcomes with logit 2 x - 1; the minimum's standard error is some .03."""
    rng = np.random.default_rng(4)
    x = rng.uniform(-2, 2, (20_000, 1)).astype(np.float32)
    y = (rng.random(20_000) < 1 / (1 + np.exp(1 - 2 * x[:, 0]))).astype(np.float32)
    coins = Coins(1, 15_000)
    coins.add(x[:10_000], y[:10_000]), coins.add(x[10_000:], y[10_000:])
    assert (len(coins), coins.seen) == (15_000, 20_000)
    begun, improved = make_fit(make_loss(lambda p, x: p[0] * x[:, 0] + p[1]), 0.02, 10, 400)
    fit = improved(begun(jnp.zeros(2, jnp.float32)), *map(jnp.asarray, coins.batches(rng, 1500, 512)))
    np.testing.assert_allclose(fit.average, [2.0, -1.0], atol=0.12)


def test_tempered_places_fill_the_gap_that_cold_walkers_never_cross():
    problem = CommittorProblem(
        dim=2,
        beta=15.0,
        potential=lambda x: (x[:, 0] ** 2 - 1) ** 2 + x[:, 1] ** 2,
        boundary_a=lambda x: x[:, 0] + 1,
        boundary_b=lambda x: 1 - x[:, 0],
        start_a=np.array([[-1.1, 0.0]]),
        start_b=np.array([[1.1, 0.0]]),
        box=np.array([[-2.0, -2.0], [2.0, 2.0]]),
    )
    places, spent, escaped = tempered_places(problem, 3)
    assert places.dtype == np.float32
    assert spent > 0
    assert 0 < escaped < 0.2 * 32 * 256  # of 32 looks at 256 walkers, the hottest at 20 times the temperature
    assert np.all(np.abs(places[:, 0]) < 1)
    assert np.min(np.histogram(places[:, 0], np.linspace(-0.9, 0.9, 10))[0]) >= 20


def test_hot_walkers_that_meet_an_overflow_end_the_trial():
    """No cold walker goes there: V is 30 kT."""
    problem = dataclasses.replace(
        between(stiffness=30.0), potential=lambda x: jnp.sum(15.0 * jnp.asarray(x) ** 2, axis=1)
    )
    tempered_places(problem, 1)
    walled = dataclasses.replace(
        problem,
        potential=lambda x: jnp.where(jnp.abs(jnp.asarray(x)[:, 1]) > 2**0.5, jnp.nan, problem.potential(x)),
        box=np.array([[-3.0, -1.4], [3.0, 1.4]]),
    )
    with pytest.raises(Diverged, match=r"step [0-9]+: beta V is nan at [0-9]+ places"):
        tempered_places(walled, 1)
