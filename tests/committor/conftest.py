"""What the files of this folder share: the closed-form cases, and one plain case at which metrics are known."""

import math
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.judging import Answers
from mfbench_committor import arc, double_well
from mfbench_committor.blocks.judge import committor_judge
from mfbench_committor.blocks.reduced_points import reduced_points
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.arc import ArcParameters
from mfbench_committor.entries.double_well import DoubleWellParameters

SEED = 11


@dataclass(frozen=True)
class Case:
    """An instance with a closed form: its module and parameters, and where its sets begin.

    The hidden coordinate t (x1; theta) is <= -end in A and >= end in B.
    """

    module: ModuleType
    parameters: Any
    end: float

    def build(self, seed=SEED):
        return self.module.build(self.parameters, seed)

    @cache  # noqa: B019 - frozen, and the judges are few
    def judge(self, seed=SEED):
        return self.module.judge(self.parameters, seed)

    def frame(self, seed=SEED):
        return Frame(self.parameters.dim, repetition_seeds(seed).rotation)

    def coordinate(self, x, xp=np):
        """(n,) hidden coordinate of (n, d) points as solvers see them."""
        y = x @ xp.asarray(self.frame().matrix)
        return y[:, 0] if self.module is double_well else xp.arctan2(y[:, 1], y[:, 0])

    def at(self, t, rng, beta):
        """(n, d) points, as solvers see them, with hidden coordinates t (n,); the others from mu at beta."""
        return self.frame().to_solver(self.module.with_modes(t[:, None], self.parameters.dim, beta, rng))

    def cloud(self, count):
        """(count, d) points of the whole space that meet A, B and what lies between."""
        rng = np.random.default_rng(0)
        widest = math.pi if self.module is arc else 2.0
        return self.at(rng.uniform(-widest, widest, count), rng, 4.0)


CASES = {
    "double-well": Case(double_well, DoubleWellParameters(), 1.0),
    "double-well-cold": Case(double_well, DoubleWellParameters(dim=20, temperature=0.05), 1.0),
    "double-well-exact": Case(double_well, DoubleWellParameters(dim=3, levels="exact"), 1.0),
    "arc": Case(arc, ArcParameters(), 2.0),
    "arc-plane": Case(arc, ArcParameters(dim=2), 2.0),
    "arc-exact": Case(arc, ArcParameters(dim=3, levels="exact"), 2.0),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


class PlainWell:
    """The double well in d = 3 at T = .2, not rotated, so that q and grad q of x are at hand."""

    beta, dim = 5.0, 3

    def __init__(self):
        self.line, self.log_z = double_well.line_committor(self.beta), double_well.log_partition(self.beta)
        self.law = self.line.law(self.log_z)
        self.nu = math.exp(-self.line.log_integral - self.log_z) / self.beta

    def judge(self, seed=0, counts=None):
        kinds = {"method": "quadrature", "source": "P1"}
        return committor_judge(
            points=reduced_points(self.law, counts, seed),
            lift=lambda u, rng: double_well.with_modes(u, self.dim, self.beta, rng),
            frame=Frame(self.dim, None),
            beta=self.beta,
            field=Reference(quantity="q", value=None, tolerance=1e-13, **kinds),
            rate=Reference(quantity="nu", value=self.nu, tolerance=1e-13 * self.nu, **kinds),
            logit_tolerance=1e-13,
            seed=seed,
        )

    def exact(self, x):
        return self.line.committor(x[:, 0])

    def gradient(self, x):
        return np.stack([self.line.slope(x[:, 0]), 0 * x[:, 1], 0 * x[:, 2]], axis=1)

    def answers(self, judge, function, gradient=None, **reports):
        """What the host would collect of a solution; its gradient is that of q if none is given."""
        inquiry = judge.inquiry
        return Answers(
            looks=function(inquiry.looks),
            finals=function(inquiry.finals),
            gradients=(gradient or self.gradient)(inquiry.gradients),
            reports=reports,
        )

    def outside(self, function, left=-1.0, right=1.0):
        """int function(x1, q) dmu for left < x1 < right, outside A u B, mu of total mass 1."""

        def integrand(t):
            density = math.exp(-self.beta * (t * t - 1) ** 2 - self.log_z)
            return function(t, self.line.committor(np.array([t]))[0]) * density

        return quad(integrand, left, right, epsabs=0, epsrel=1e-10)[0]

    def near(self, score, value):
        """The score equals the value within 4 of its own standard errors (false-alarm rate 6e-5)."""
        got = score.value if score.signed is None else score.signed
        assert score.standard_error > 0
        return abs(got - value) < 4 * score.standard_error


@pytest.fixture(scope="session")
def plain():
    return PlainWell()


@pytest.fixture(scope="session")
def judge(plain):
    return plain.judge()
