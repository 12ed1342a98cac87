"""A process whose committor and rate are known: the double well on a line."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

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
