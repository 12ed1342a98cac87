"""The rate by pairs of shots: exact for any f, where the energy of f is not."""

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks.levels import SLAB
from mfbench_jax.blocks.reactive_shots import FEWEST, PAIRS, STRETCH, ReactiveShots, reconciled

EDGE, BETA = 1.0, 2.0


def barrier(x):
    """Lopsided, so that f by a plane in the middle is wrong."""
    return 1.5 * (x**2 - 1.0) ** 2 + 0.4 * x


def line(height=1.0):
    """V = barrier(x1) + x2^2 / 2 between the planes x1 = -1 and 1."""
    return CommittorProblem(
        dim=2,
        beta=BETA,
        potential=lambda x: height * barrier(x[:, 0]) + 0.5 * x[:, 1] ** 2,
        boundary_a=lambda x: x[:, 0] + EDGE,
        boundary_b=lambda x: EDGE - x[:, 0],
        start_a=np.array([[-EDGE - 0.1, 0.0]]),
        start_b=np.array([[EDGE + 0.1, 0.0]]),
        box=np.array([[-3.0, -4.0], [3.0, 4.0]]),
    )


def boltzmann(x):
    return np.exp(-BETA * barrier(x))


NORM = quad(boltzmann, -4.0, 4.0)[0]
RATE = 1.0 / (BETA * NORM * quad(lambda x: 1.0 / boltzmann(x), -EDGE, EDGE)[0])
"""1 / (beta int e^{-beta V} int_A^B e^{beta V}), exact in one dimension."""


def wrong(x1, x2):
    """f = (1 + x1 + (1 - x1^2) sin(2 x2) / 2) / 2, and w = |grad f|^2 in the slab: level sets bent for no reason."""
    f = 0.5 * (1.0 + x1 + 0.5 * (1.0 - x1**2) * np.sin(2.0 * x2))
    first = 0.5 * (1.0 - x1 * np.sin(2.0 * x2))
    second = 0.5 * (1.0 - x1**2) * np.cos(2.0 * x2)
    return np.where((f > SLAB[0]) & (f < SLAB[1]), first**2 + second**2, 0.0)


def by_slab():
    """nu_f = E_mu[w] / (beta (c1 - c0)), by sums over a fine grid."""
    x1, x2 = np.linspace(-EDGE, EDGE, 801), np.linspace(-4.5, 4.5, 1201)
    grid = np.meshgrid(x1, x2, indexing="ij")
    law = boltzmann(grid[0]) * np.exp(-BETA * grid[1] ** 2 / 2.0) / (NORM * np.sqrt(2.0 * np.pi / BETA))
    return np.sum(law * wrong(*grid)) * (x1[1] - x1[0]) * (x2[1] - x2[0]) / (BETA * (SLAB[1] - SLAB[0]))


def drawn(rng, number):
    """Places from w mu, by rejection."""
    found = np.empty((0, 2))
    while len(found) < number:
        x = np.stack([rng.uniform(-EDGE, EDGE, 20_000), rng.normal(0.0, BETA**-0.5, 20_000)], axis=1)
        chance = boltzmann(x[:, 0]) * wrong(*x.T)
        found = np.concatenate([found, x[rng.random(len(x)) * 12.0 < chance]])
        assert np.max(chance) < 12.0
    return found[:number]


def pairs_of(rng, seed, rounds):
    """Shots after so many rounds."""
    first = drawn(rng, 64)
    shots = ReactiveShots(line(), lambda x: wrong(*np.asarray(x, float).T), first, wrong(*first.T), seed)
    for _ in range(rounds):
        x = drawn(rng, shots.wanted)
        shots.start(x, wrong(*x.T))
        shots.run()
    return shots


@pytest.fixture(scope="module")
def shots():
    return pairs_of(np.random.default_rng(1), 2, 3000)


def test_they_tell_the_rate_where_the_energy_is_far_above_it(shots):
    """Four standard errors, which all but 6 of 10^5 runs hold, and one per cent for the time step."""
    factor, error = shots.factor
    assert by_slab() > 1.2 * RATE, "f would do by itself"
    assert error < 0.03 * factor
    assert abs(factor * by_slab() - RATE) < 4.0 * error * by_slab() + 0.01 * RATE


def test_long_ways_are_not_forgotten_early(shots):
    """Forty groups that are told as soon as they can be, and a while later: both means within four standard errors."""
    rng, early = np.random.default_rng(5), []
    for seed in range(40):
        some = pairs_of(rng, seed, 0)
        while some.factor is None:
            x = drawn(rng, some.wanted)
            some.start(x, wrong(*x.T))
            some.run()
        early.append(some.factor[0])
    found, error = shots.factor
    spread = np.std(early, ddof=1) / np.sqrt(len(early))
    assert abs(np.mean(early) - found) < 4.0 * np.hypot(spread, error) + 0.02 * found


def test_the_error_is_that_of_independent_pairs(shots):
    factor, error = shots.factor
    share = np.sqrt(shots.pairs) * error / factor
    assert 0.5 < share < 3.0


def test_nothing_is_told_while_pairs_are_few():
    shots = pairs_of(np.random.default_rng(3), 4, 3)
    assert shots.factor is None
    assert shots.pairs >= PAIRS
    assert shots.evaluations == 64 * 2 + 3 * 2 * 2 * PAIRS * shots.stretch
    assert shots.escaped >= 0
    assert FEWEST > 1


def test_places_that_count_are_dense_in_the_slab():
    """In a stretch f changes by at most a tenth; where one step is more than that nothing is begun."""
    rng = np.random.default_rng(6)
    first = drawn(rng, 64)
    for steep, stretch in ((1e-3, STRETCH), (1e3, 0)):
        made = ReactiveShots(line(), lambda x: x, first, np.full(64, steep), 1)
        assert made.stretch == stretch
        assert made.time_step == pytest.approx(pairs_of(rng, 1, 0).time_step, rel=0.3)


def test_a_drift_without_derivatives_is_refused():
    with pytest.raises(Diverged, match="derivatives"):
        ReactiveShots(line(np.nan), lambda x: x, np.zeros((4, 2)), np.ones(4), 1)


def test_a_rate_that_both_tell_is_their_mean_and_its_error_is_less_than_that_of_the_shots():
    rate, error = reconciled((2.0, 1e-9), (2.0, 0.2))
    assert rate == pytest.approx(2.0) and error == pytest.approx(0.2 / np.sqrt(2.0))


def test_an_energy_that_is_contradicted_hardly_counts():
    rate, error = reconciled((3.0, 0.1), (2.0, 0.1))
    assert 2.0 < rate < 2.02 and error == pytest.approx(0.1, rel=0.01)
    assert reconciled((2.0, 5.0), (1.0, 0.1))[0] == pytest.approx(1.0, abs=1e-3)
