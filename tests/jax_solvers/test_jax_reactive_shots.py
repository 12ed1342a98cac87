"""The rate by pairs of shots: exact for any f, where the energy of f is not."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from mfbench import Diverged
from mfbench.tasks.committor import CommittorProblem
from mfbench_jax.blocks import reactive_shots
from mfbench_jax.blocks.levels import SLAB
from mfbench_jax.blocks.reactive_shots import FINE, PAIRS, STRETCH, ReactiveShots, pace_of, reconciled
from mfbench_jax.blocks.trajectories import make_advance, step_of

EDGE, BETA = 1.0, 2.0
ROUNDS = 5000
LARGEST = 0.5
"""Above e^{-beta barrier} w."""


def barrier(x):
    """Lopsided, so that f by a plane in the middle is wrong."""
    return 1.5 * (x**2 - 1.0) ** 2 + 0.4 * x


def line(along=barrier):
    """V = barrier(x1) + x2^2 / 2, or something else along x1, between the planes x1 = -1 and 1."""
    return CommittorProblem(
        dim=2,
        beta=BETA,
        potential=lambda x: along(x[:, 0]) + 0.5 * x[:, 1] ** 2,
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


def energy():
    """E_mu[w], by sums over a fine grid."""
    x1, x2 = np.linspace(-EDGE, EDGE, 801), np.linspace(-4.5, 4.5, 1201)
    grid = np.meshgrid(x1, x2, indexing="ij")
    law = boltzmann(grid[0]) * np.exp(-BETA * grid[1] ** 2 / 2.0) / (NORM * np.sqrt(2.0 * np.pi / BETA))
    return np.sum(law * wrong(*grid)) * (x1[1] - x1[0]) * (x2[1] - x2[0])


def drawn(rng, number):
    """Places from w mu, by rejection."""
    x = np.stack([rng.uniform(-EDGE, EDGE, 30 * number), rng.normal(0.0, BETA**-0.5, 30 * number)], axis=1)
    chance = boltzmann(x[:, 0]) * wrong(*x.T)
    assert np.max(chance) < LARGEST
    found = x[rng.random(len(x)) * LARGEST < chance]
    assert len(found) >= number
    return found[:number]


@pytest.fixture(scope="module")
def places():
    """Enough of them for all tests."""
    return drawn(np.random.default_rng(0), 150_000)


class Draws:
    """Shots, and what they start from."""

    def __init__(self, places, seed):
        self._left = np.random.default_rng(seed).permutation(places)
        first, self._left = np.split(self._left, [64])
        self.pace = pace_of(line(), first, wrong(*first.T))
        self.shots = ReactiveShots(line(), lambda x: wrong(*np.asarray(x, float).T), self.pace, seed)

    def run(self, rounds):
        for _ in range(rounds):
            x, self._left = np.split(self._left, [self.shots.wanted])
            self.shots.start(x, wrong(*x.T))
            self.shots.run()
        return self.shots


@pytest.fixture(scope="module")
def draws(places):
    return Draws(places, 2)


@pytest.fixture(scope="module")
def shots(draws):
    return draws.run(ROUNDS)


def test_they_tell_the_rate_where_the_energy_is_far_above_it(shots):
    """Four standard errors, which all but 6 of 10^5 runs hold, and two per cent for the time step."""
    share, error = shots.per_energy
    assert energy() / (BETA * (SLAB[1] - SLAB[0])) > 1.2 * RATE, "f's own rate by the slab would do"
    assert error < 0.03 * share
    assert abs(share * energy() - RATE) < 4.0 * error * energy() + 0.02 * RATE


def test_long_ways_are_not_forgotten_early(draws, shots, places, monkeypatch):
    """Forty groups that are told as soon as they can be: their mean is that of the long run within four standard errors."""
    shared, early = make_advance(line(), draws.pace.time_step), []
    monkeypatch.setattr(reactive_shots, "make_advance", lambda *_: shared)
    for seed in range(40):
        group = Draws(places, 10 + seed)
        while (told := group.run(1).per_energy) is None:
            pass
        early.append(told[0])
    found, error = shots.per_energy
    spread = np.std(early, ddof=1) / np.sqrt(len(early))
    assert spread < 0.05 * found
    assert abs(np.mean(early) - found) < 4.0 * np.hypot(spread, error)


def test_the_error_is_that_of_independent_pairs(shots):
    share, error = shots.per_energy
    assert 0.5 < np.sqrt(shots.pairs) * error / share < 3.0


def test_nothing_is_told_while_pairs_are_few(places):
    draws = Draws(places, 4)
    shots = draws.run(3)
    assert shots.per_energy is None
    assert shots.pairs >= PAIRS
    assert shots.evaluations == 64 * 2 + 3 * 2 * 2 * PAIRS * draws.pace.stretch
    assert shots.escaped == 0, "the box is five standard deviations away"


def test_places_that_count_are_dense_in_the_slab(places):
    """In a stretch f changes by at most a tenth; where that is too short a time none is long enough."""
    usual, spent = step_of(line(), places[:64])
    for steep, stretch in ((1e-3, STRETCH), (0.06, 4), (2.0, 1)):
        pace = pace_of(line(), places[:64], np.full(64, steep))
        assert pace.stretch == stretch and pace.spent == spent
        assert pace.time_step == usual or stretch == 1
        assert np.sqrt(2.0 * steep * stretch * pace.time_step / BETA) <= FINE * (1.0 + 1e-9)
    assert pace_of(line(), places[:64], np.full(64, 1e3)) is None


def test_a_drift_without_derivatives_is_refused():
    with pytest.raises(Diverged, match="derivatives"):
        pace_of(line(lambda x: jnp.sqrt(x**2)), np.zeros((4, 2)), np.ones(4))


def test_an_energy_that_shots_bear_out_counts_for_half():
    assert reconciled((2.0 + 1e-4, 1e-9), (2.0, 0.2)) == pytest.approx(2.0 + 0.5e-4, rel=1e-9)


def test_an_energy_that_is_contradicted_hardly_counts():
    assert 2.0 < reconciled((3.0, 0.1), (2.0, 0.1)) < 2.02
    assert reconciled((2.0, 5.0), (1.0, 0.1)) == pytest.approx(1.0, abs=1e-3)


def test_the_error_of_the_shots_is_that_of_the_mean_whatever_the_energy_lacks():
    """Too high by none to five of them, 4000 draws each: nine in ten rates at least lie within two, and the root mean square
    is at most 1.15 of one; about .77 where it lacks nothing."""
    rng, errors = np.random.default_rng(7), []
    for lacking in (0.0, 0.1, 0.2, 0.3, 0.5):
        energies, shots = rng.normal(1.0 + lacking, 0.01, 4000), rng.normal(1.0, 0.1, 4000)
        rates = [reconciled((a, 0.01), (b, 0.1)) for a, b in zip(energies, shots, strict=True)]
        errors.append(np.abs(np.array(rates) - 1.0))
        assert np.mean(errors[-1] < 2.0 * 0.1) > 0.9
        assert np.sqrt(np.mean(errors[-1] ** 2)) < 1.15 * 0.1
    assert np.sqrt(np.mean(errors[0] ** 2)) < 0.85 * 0.1
