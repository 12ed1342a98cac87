"""Noise, integrators and hits: moments, orders, and exits whose laws are known. Seeds fixed, 4 sigma (6e-5)."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench_committor.shooting.dynamics import IN_A, IN_B, Noise, Walkers
from mfbench_committor.shooting.steppers import heun, well_splitting

SIGMAS = 4.0


def test_noise_has_the_moments_that_it_claims(noise):
    values = np.empty((3, 500_001), np.float32)
    noise.fill(values)
    for power, expected in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 2.875)):
        powers = values.astype(float) ** power
        assert abs(np.mean(powers) - expected) < SIGMAS * np.std(powers) / math.sqrt(values.size)
    for one, two in ((values[0], values[1]), (values[:, :-1].ravel(), values[:, 1:].ravel())):
        assert abs(np.mean(one * two)) < SIGMAS / math.sqrt(len(one))


def cubic(x, out):
    np.multiply(x, np.float32(4) * (1 - x * x), out=out)


MATRIX = np.array([[3.0, -1.0], [-1.0, 2.0]])
PULL = np.array([0.5, -0.25])


def flow(x, time, parts=4000):
    """x' = -K x + p + 2 x (1 - x^2) by small explicit midpoint steps in float64."""
    dt = time / parts

    def slope(x):
        return -MATRIX @ x + PULL[:, None] + 2.0 * x * (1 - x * x)

    for _ in range(parts):
        x = x + dt * slope(x + dt / 2 * slope(x))
    return x


def test_splitting_without_noise_is_the_gradient_flow_to_second_order(noise):
    """At beta = 1e12; the error over a fixed time falls fourfold when the step is halved."""
    start = np.random.default_rng(0).normal(0, 1, (2, 50))
    exact, errors = flow(start, 0.4), []
    for count in (4, 8, 16):
        x, move = start.astype(np.float32), well_splitting(MATRIX, PULL, 2.0, 1e12, 0.4 / count, noise)
        for _ in range(count):
            move(x)
        errors.append(np.max(np.abs(x - exact)))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.2)


def test_splitting_of_a_linear_process_is_exact(noise):
    """Without wells one step has the mean and covariance of the Ornstein-Uhlenbeck process, at any dt."""
    beta, step, count = 3.0, 0.7, 200_000
    values, vectors = np.linalg.eigh(MATRIX)
    decay = (vectors * np.exp(-values * step)) @ vectors.T
    spread = (vectors * ((1 - np.exp(-2 * values * step)) / values / beta)) @ vectors.T
    start, rest = np.array([1.0, -2.0]), np.linalg.solve(MATRIX, PULL)
    x = np.repeat(start[:, None], count, axis=1).astype(np.float32)
    well_splitting(MATRIX, PULL, 0.0, beta, step, noise)(x)
    sigma = np.sqrt(np.diag(spread) / count)
    assert np.all(np.abs(x.mean(axis=1) - rest - decay @ (start - rest)) < SIGMAS * sigma)
    np.testing.assert_allclose(np.cov(x), spread, atol=SIGMAS * math.sqrt(2 / count) * spread.max())


@pytest.mark.parametrize("kind", ["heun", "splitting"])
def test_invariant_law_of_a_double_well(kind):
    """E x^2 for V = (x^2 - 1)^2 against quadrature: within the noise at a small step, and second order in dt."""
    beta = 2.5
    mean = [quad(lambda x, k=k: x**k * math.exp(-beta * (x * x - 1) ** 2), -4, 4)[0] for k in (0, 2)]
    exact, biases, errors = mean[1] / mean[0], [], []
    for step in (0.16, 0.04) if kind == "splitting" else (0.08, 0.02):
        noise = Noise(np.random.SeedSequence(3))
        if kind == "heun":
            move = heun(cubic, beta, step, noise)
        else:  # V = x^2 / 2 + (1 - x^2)^2
            move = well_splitting(np.eye(1), np.zeros(1), 4.0, beta, step, noise)
        x = np.random.default_rng(1).choice([-1.0, 1.0], (1, 20_000)).astype(np.float32)
        sums, looks = np.zeros(x.shape[1]), round(8 / step)
        for k in range(round(10 / step)):
            move(x)
            if k >= round(10 / step) - looks:
                sums += x[0].astype(float) ** 2
        sums /= looks
        biases.append(np.mean(sums))
        errors.append(np.std(sums) / math.sqrt(len(sums)))
    if kind == "splitting":
        weights = [
            quad(lambda x, k=k: x**k * math.exp(-beta * (x * x / 2 + (1 - x * x) ** 2)), -4, 4)[0]
            for k in (0, 2)
        ]
        exact = weights[1] / weights[0]
    coarse, fine = (b - exact for b in biases)
    assert abs(fine) < SIGMAS * errors[1] + abs(coarse) / 16
    assert abs(coarse) > 3 * errors[0], "the coarse step is coarse enough to see its bias"


class Interval:
    """Brownian motion with a constant drift on [0, 1], A below and B above."""

    dim, beta, drift = 1, 1.0, 0.0

    def stepper(self, step, noise):
        def force(x, out):
            out[:] = self.drift

        return heun(force, self.beta, step, noise)

    def gaps(self, x):
        return x[0].copy(), 1 - x[0]


@pytest.mark.parametrize("drift", [0.0, 1.5])
def test_exits_of_an_interval_with_bridges(noise, drift):
    """P(B first) = (1 - e^{-v x}) / (1 - e^{-v}) and E tau in closed form, at a step of a tenth of E tau: exact but for
    a bridge that meets both ends. Without bridges the mean time would be far off."""
    system = Interval()
    system.drift = drift
    count, start, step = 40_000, 0.3, 0.01
    walkers = Walkers(system, np.full((1, count), start), step, noise)
    times, in_b, running = np.zeros(count), np.zeros(count, bool), np.arange(count)
    k = 0
    while len(running):
        hits = walkers.advance()
        k += 1
        done = hits != 0
        times[running[done]] = (k - 0.5) * step  # somewhere within the step
        in_b[running[done]] = hits[done] == IN_B
        running = running[~done]
        walkers.select(np.flatnonzero(~done))
    if drift == 0.0:
        chance, mean = start, start * (1 - start) / 2
    else:
        chance = (1 - math.exp(-drift * start)) / (1 - math.exp(-drift))
        mean = (chance - start) / drift
    assert abs(in_b.mean() - chance) < SIGMAS * math.sqrt(chance * (1 - chance) / count)
    assert abs(times.mean() - mean) < SIGMAS * times.std() / math.sqrt(count) + 0.002


def test_a_walker_that_leaves_a_set_has_met_it(noise):
    """Inside at the start of a step and outside at its end: the set was met in that step."""
    walkers = Walkers(Interval(), np.full((1, 2000), -1e-3), 0.01, noise)
    assert np.all(walkers.advance() == IN_A)
    assert (
        600 < np.count_nonzero(walkers.gaps[0] > 0) < 1000
    )  # two of five steps lead out, one of five is none


def test_divergence_is_told(noise):
    class Explosive(Interval):
        def stepper(self, step, noise):
            def move(x):
                x *= np.float32(np.inf)

            return move

    with pytest.raises(FloatingPointError, match=r"7 of 7 walkers diverged.*Take a step below 0.1"):
        Walkers(Explosive(), np.full((1, 7), 0.5), 0.1, noise).advance()
