"""Shots and long runs on processes whose committor and rate are exact. Seeds fixed, 4 sigma (6e-5)."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from mfbench_committor import dimer
from mfbench_committor.shooting.dynamics import Noise
from mfbench_committor.shooting.long_run import mean_and_error, watch
from mfbench_committor.shooting.reference import step_effect
from mfbench_committor.shooting.shots import BATCH, shoot
from mfbench_committor.shooting.steppers import heun

SIGMAS = 4.0


def test_shots_hit_with_the_exact_probability(well, noise):
    """Pearson's chi-square over 40 points, false-alarm rate 1e-4; more shots than walkers at a time."""
    x = np.linspace(-0.95, 0.95, 40)[:, None]
    shots = shoot(well, x, 200, 2e-3, noise)
    assert BATCH < 200 * 40
    q = well.committor(x[:, 0])
    statistic = np.sum((shots.in_b - 200 * q) ** 2 / (200 * q * (1 - q)))
    assert chi2.sf(statistic, 40) > 1e-4
    assert chi2.cdf(statistic, 40) > 1e-4, "nor suspiciously close"
    assert shots.count == 200
    assert shots.steps == pytest.approx(shots.duration / 2e-3 * 8000)


@pytest.fixture(scope="module")
def run(well):
    ends = np.array([[1.0]])
    return watch(
        well,
        -ends,
        ends,
        walkers=2000,
        step=4e-3,
        burn_in=3.0,
        time=20.0,
        stride=0.1,
        noise=Noise(np.random.SeedSequence(11)),
    )


def test_rate_of_the_double_well(well, run):
    rate, error = run.rate
    assert error < 0.03 * well.nu
    assert abs(rate - well.nu) < SIGMAS * error


def test_shares_of_time(well, run):
    share, error = mean_and_error(run.last_a)
    assert abs(share - 0.5) < SIGMAS * error
    share, error = mean_and_error(run.reactive_looks)
    assert abs(share - 2 * well.mean(lambda x, q: q * (1 - q))) < SIGMAS * error, "both ways"


def test_looks_on_reactive_pieces_follow_mu_q_one_minus_q(well, run):
    """Three moments; looks on one piece depend on each other, pieces do not."""
    total = well.mean(lambda x, q: q * (1 - q))
    assert np.all(np.abs(run.x) < 1)
    for function in (lambda x, q: q, lambda x, q: (q - 0.5) ** 2, lambda x, q: x * x):
        expected = well.mean(lambda x, q, f=function: q * (1 - q) * f(x, q)) / total
        values = function(run.x[:, 0], well.committor(run.x[:, 0]))
        sums = np.bincount(run.pieces, values - expected)
        error = math.sqrt(np.sum(sums**2))
        assert abs(np.sum(sums)) < SIGMAS * error


def test_few_looks_are_lost_at_the_end(well):
    """Runs as short as an excursion: without following the undecided, long pieces would be missing."""
    ends = np.array([[1.0]])
    short = watch(
        well,
        -ends,
        ends,
        walkers=20_000,
        step=4e-3,
        burn_in=3.0,
        time=0.4,
        stride=0.1,
        noise=Noise(np.random.SeedSequence(12)),
    )
    share, error = mean_and_error(short.reactive_looks)
    assert abs(share - 2 * well.mean(lambda x, q: q * (1 - q))) < SIGMAS * error, "both ways"
    assert error < 0.08 * share


class Dimer:
    """The dimer's particles in space, six coordinates, forces from the bond's energy by hand (see `System`)."""

    dim = 6

    def __init__(self, temperature):
        self.beta = 1 / temperature

    def stepper(self, step, noise):
        return heun(self.force, self.beta, step, noise)

    def force(self, x, out):
        bond, centre = x[:3] - x[3:], x[:3] + x[3:]
        r = np.sqrt(np.sum(bond * bond, axis=0))
        s = (r - dimer.SHORT - dimer.HALF) / dimer.HALF
        pull = 4 * dimer.BARRIER * s * (1 - s * s) / dimer.HALF / r * bond
        out[:3], out[3:] = pull - centre / 2, -pull - centre / 2

    def gaps(self, x):
        """The bond's change per length of a path in six coordinates is at most sqrt 2."""
        r = np.sqrt(np.sum((x[:3] - x[3:]) ** 2, axis=0))
        return (r - dimer.SHORT) / math.sqrt(2), (dimer.LONG - r) / math.sqrt(2)


def test_rate_and_committor_of_the_dimer_by_simulation(noise):
    """The second route to nu: particles that know nothing of a radial law or of its mobility."""
    parameters = dimer.DimerParameters(temperature=2.0)
    judge, problem = dimer.judge(parameters, 1), dimer.build(parameters, 1)
    system = Dimer(2.0)
    done = watch(
        system,
        problem.start_a,
        problem.start_b,
        walkers=2000,
        step=5e-4,
        burn_in=0.5,
        time=1.5,
        stride=0.05,
        noise=noise,
    )
    rate, error = done.rate
    assert error < 0.03 * rate
    assert abs(rate - judge.rate.value) < SIGMAS * error
    x, q = judge.reactive.x[::500], judge.reactive.q[::500]
    shots = shoot(system, x, 100, 5e-4, noise)
    statistic = np.sum((shots.in_b - 100 * q) ** 2 / (100 * q * (1 - q)))
    assert chi2.sf(statistic, len(q)) > 1e-4


def test_step_effect_sees_a_shift_and_not_the_noise():
    """A third of the root of the upper end: of nothing, small; of a shift by .06, .02 and a little."""
    rng = np.random.default_rng(1)
    q = rng.uniform(0.1, 0.9, 1000)
    shares = [rng.binomial(200, q + shift) / 200 for shift in (0.0, 0.0, 0.06)]
    assert step_effect(shares[0], shares[1], 200) < 0.005
    assert step_effect(shares[0], shares[0], 200) > 0.001, "sets that agree by chance leave an error bar"
    assert 0.02 < step_effect(shares[0], shares[2], 200) < 0.023
