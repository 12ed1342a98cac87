"""A process whose committor and rate are known: the double well on a line."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from mfbench_committor import double_well
from mfbench_committor.shooting.dynamics import Noise
from mfbench_committor.shooting.steppers import heun


class LineWell:
    """V = (x^2 - 1)^2, A = {x <= -1}, B = {x >= 1}, at T = .4 (see `System`)."""

    dim, beta = 1, 2.5

    def stepper(self, step, noise):
        return heun(self.force, self.beta, step, noise)

    def force(self, x, out):
        np.multiply(x, np.float32(4) * (1 - x * x), out=out)

    def gaps(self, x):
        return x[0] + 1, 1 - x[0]


class Known(LineWell):
    """The same with its quadratures."""

    def __init__(self):
        self.line, self.log_z = double_well.line_committor(self.beta), double_well.log_partition(self.beta)
        self.nu = math.exp(-self.line.log_integral - self.log_z) / self.beta

    def committor(self, x):
        return self.line.committor(np.asarray(x, float))

    def mean(self, function, left=-1.0, right=1.0):
        """int function(x, q) dmu over an interval."""

        def integrand(x):
            return function(x, self.committor([x])[0]) * math.exp(-self.beta * (x * x - 1) ** 2 - self.log_z)

        return quad(integrand, left, right, epsabs=0, epsrel=1e-9)[0]


@pytest.fixture(scope="session")
def well():
    return Known()


@pytest.fixture
def noise():
    return Noise(np.random.SeedSequence(7))


@pytest.fixture(scope="session")
def chance_of_shots():
    """(ends (m count,), stored) -> the chance that shots from the first m stored points, `count` from each, which ended at 1
    for B, differ from the stored ones by more than they do: chi-square of two binomials for each point."""

    def chance(ends, stored, points=20):
        count = len(ends) // points
        fresh = np.mean(ends.reshape(points, count) == 1, axis=1)
        p = stored.in_b[:points] / stored.shots
        pooled = (fresh * count + p * stored.shots) / (count + stored.shots)
        variance = pooled * (1 - pooled) * (1 / count + 1 / stored.shots)
        return chi2.sf(np.sum((fresh - p)[variance > 0] ** 2 / variance[variance > 0]), points)

    return chance
