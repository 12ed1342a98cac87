"""What the files of this folder share: the standing instances, and a planar law whose committor is exact."""

import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
import pytest
from scipy.integrate import quad

from mfbench_committor.references.planar_law import PlanarLaw
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.standing import ENTRIES, standing_problems

STANDING = {stem: problem for family in ENTRIES for stem, problem in standing_problems(family).items()}


@pytest.fixture(params=STANDING)
def problem(request):
    return STANDING[request.param]


FIRST = {
    import_module(entry.build.partition(":")[0]).planar_problem(entry.parameters(**overrides)).stem
    for entry in ENTRIES.values()
    for overrides in entry.instances["standard"][:1]
}


@cache
def once_halved(stem):
    """The committor of a standing instance on the middle one of its three grids."""
    pytest.importorskip("skfem", reason="pip install 'mfbench[grid]'")
    from mfbench_committor.references.finite_elements import solve

    problem = STANDING[stem]
    return solve(problem.law, problem.spacing, 1)


@pytest.fixture(
    params=[pytest.param(stem, marks=[] if stem in FIRST else pytest.mark.slow) for stem in STANDING]
)
def solved(request):
    """A problem with its committor on a grid one rung lower; seconds each, so only the first of a family is fast."""
    return STANDING[request.param], once_halved(request.param)


@dataclass(frozen=True)
class Bipolar:
    """Two discs and a law that is a product in bipolar coordinates (tau, sigma) with foci (-1, 0), (1, 0).

    tau + i sigma = log((z + 1) / (z - 1)) is conformal, so for exp(w) = h(tau) k(sigma) the committor
    solves (h q')' = 0 in tau alone, and int exp(w) |grad q|^2 = int k dsigma / int dtau / h. h is a
    double well between the circles tau = +-edge; k keeps mass near the segment between the foci,
    so that a box or a cut far away changes nothing.
    """

    edge: float = 1.2
    barrier: float = 8.0
    focus: float = 20.0

    @property
    def law(self):
        centre, radius = 1.0 / math.tanh(self.edge), 1.0 / math.sinh(self.edge)
        box = PuncturedBox(
            lower=(-2.6, -2.0),
            upper=(2.6, 2.0),
            centres=((-centre, 0.0), (centre, 0.0)),
            radius=radius,
            reach=1.15,
        )
        return PlanarLaw(box=box, log_weight=self.log_weight, depth=self.barrier + 24.0)

    def tau(self, u):
        return np.log(np.hypot(u[0] + 1, u[1]) / np.hypot(u[0] - 1, u[1]))

    def log_h(self, tau):
        return -self.barrier * (1 - (tau / self.edge) ** 2) ** 2

    def log_weight(self, u):
        with np.errstate(divide="ignore", invalid="ignore"):
            near, far = np.hypot(u[0] - 1, u[1]), np.hypot(u[0] + 1, u[1])
            cosine = (near**2 + far**2 - 4) / (2 * near * far)
            w = self.log_h(np.log(far / near)) - self.focus * (1 + cosine)
        return np.nan_to_num(w, nan=-1e9, neginf=-1e9)

    def committor(self, u):
        """Exact, for (2, n) points between the discs: a Gauss-Legendre rule per point."""
        nodes, weights = np.polynomial.legendre.leggauss(80)

        def integral(top):
            t = (nodes + 1) / 2 * (top[:, None] + self.edge) - self.edge
            return (top + self.edge) / 2 * (np.exp(-self.log_h(t)) @ weights)

        return integral(self.tau(u)) / integral(np.array([self.edge]))

    @property
    def energy(self):
        """int exp(w) |grad q|^2."""
        across = quad(lambda s: math.exp(-self.focus * (1 + math.cos(s))), 0, 2 * math.pi, epsrel=1e-13)[0]
        along = quad(lambda t: math.exp(-self.log_h(t)), -self.edge, self.edge, epsrel=1e-13)[0]
        return across / along


@pytest.fixture(scope="session")
def bipolar():
    return Bipolar()
