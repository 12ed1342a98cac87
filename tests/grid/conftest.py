"""Committor problems with formulas for q and nu, of dimension 1 to 3, and a context without a clock."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.interpolate import make_interp_spline

import mfbench
from mfbench.frames import random_rotation
from mfbench.tasks.committor import CommittorProblem
from mfbench_grid.committor_entry import CommittorFiniteVolumeParameters
from mfbench_grid.committor_finite_volume import solve


@dataclass(frozen=True)
class Exact:
    """A problem, its committor outside A and B, its rate, and points outside A and B."""

    problem: CommittorProblem
    q: Callable[[np.ndarray], np.ndarray]
    rate: float
    points: np.ndarray


def integral(integrand, low, high):
    """The integral from `low` as a function, and its value at `high`, both to 1e-12 or so."""
    nodes = np.linspace(low, high, 4001)
    primitive = make_interp_spline(nodes, integrand(nodes), k=5).antiderivative()
    return primitive, quad(integrand, low, high, epsabs=0, epsrel=1e-12, limit=200)[0]


def double_well(dim, beta):
    """V = (y1^2 - 1)^2 + 2 |y2..d|^2 in rotated coordinates; q depends on y1 only."""
    rotation = random_rotation(dim, 5)
    direction = rotation[:, 0]

    def potential(x):
        y = x @ rotation
        return (y[:, 0] ** 2 - 1) ** 2 + 2.0 * np.sum(y[:, 1:] ** 2, axis=1)

    rising, total = integral(lambda s: np.exp(beta * (s**2 - 1) ** 2), -1.0, 1.0)
    weight = quad(lambda s: math.exp(-beta * (s**2 - 1) ** 2), -4, 4, points=[-1, 1], epsrel=1e-12)[0]
    rng = np.random.default_rng(0)
    y = rng.normal(0.0, (4 * beta) ** -0.5, (2000, dim))
    y[:, 0] = rng.uniform(-0.999, 0.999, 2000)
    problem = CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential,
        boundary_a=lambda x: x @ direction + 1.0,
        boundary_b=lambda x: 1.0 - x @ direction,
        start_a=-1.2 * direction[None],
        start_b=1.2 * direction[None],
        box=np.array([[-2.3] * dim, [2.3] * dim]),
    )
    return Exact(
        problem, lambda x: rising(x @ direction) / total, 1.0 / (beta * total * weight), y @ rotation.T
    )


def stream(speed):
    """V = 2 y2^2 in rotated coordinates of the plane, and a stream along y1, beta = 1: q depends on y1 only.

    The stream keeps the law, since V does not change along it: q' speed + q'' = 0 between -1 and 1.
    """
    rotation = random_rotation(2, 5)
    rng = np.random.default_rng(0)
    y = np.stack([rng.uniform(-0.999, 0.999, 2000), rng.normal(0.0, 0.5, 2000)], axis=1)
    problem = CommittorProblem(
        dim=2,
        beta=1.0,
        potential=lambda x: 2.0 * (x @ rotation[:, 1]) ** 2,
        boundary_a=lambda x: x @ rotation[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x @ rotation[:, 0],
        start_a=-1.2 * rotation[:, :1].T,
        start_b=1.2 * rotation[:, :1].T,
        box=np.array([[-3.3, -3.3], [3.3, 3.3]]),
        circulation=lambda x: speed * np.tile(rotation[:, 0], (len(x), 1)),
    )

    def q(x):
        return np.expm1(-speed * (x @ rotation[:, 0] + 1.0)) / math.expm1(-2.0 * speed)

    return Exact(problem, q, math.nan, y @ rotation.T)


def shell(dim, beta, stiffness):
    """V = k r^2 about a centre off the grid, A = {r >= 1}, B = {r <= .3}; q depends on r only."""
    centre = np.array([0.013, 0.027, 0.041])[:dim]
    inner, outer, half = 0.3, 1.0, 1.25

    def square(x):
        return np.sum((x - centre) ** 2, axis=1)

    falling, total = integral(lambda r: np.exp(beta * stiffness * r**2) * r ** (1 - dim), inner, outer)
    sphere = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2)
    edge = quad(lambda s: math.exp(-beta * stiffness * s**2), -half, half, epsrel=1e-12)[0]
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((2000, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    problem = CommittorProblem(
        dim=dim,
        beta=beta,
        potential=lambda x: stiffness * square(x),
        boundary_a=lambda x: outer**2 - square(x),
        boundary_b=lambda x: square(x) - inner**2,
        start_a=centre + 1.1 * directions[:4],
        start_b=centre[None],
        box=np.stack([centre - half, centre + half]),
    )
    return Exact(
        problem,
        lambda x: 1.0 - falling(np.sqrt(square(x))) / total,
        sphere / (total * beta * edge**dim),
        centre + directions * rng.uniform(1.001 * inner, 0.999 * outer, (2000, 1)),
    )


def whirl(still):
    """A problem in the plane that depends on a radius alone, with a drift around its centre: the same q."""
    centre = still.problem.box.mean(axis=0)

    def circulation(x):
        offset = x - centre
        return 5.0 * np.stack([-offset[:, 1], offset[:, 0]], axis=1)

    return replace(still, problem=replace(still.problem, circulation=circulation))


EXACT = {
    "double well on a line": lambda: double_well(1, 5.0),
    "double well in the plane": lambda: double_well(2, 5.0),
    "double well in space": lambda: double_well(3, 5.0),
    "logarithm between circles": lambda: shell(2, 1.0, 0.0),
    "1/r between spheres": lambda: shell(3, 1.0, 0.0),
    "quadratic well in the plane": lambda: shell(2, 0.5, 10.0),
    "quadratic well in space": lambda: shell(3, 0.5, 10.0),
}
STIRRED = {
    "weak stream": lambda: stream(1.0),
    "strong stream": lambda: stream(-6.0),
    "whirl between circles": lambda: whirl(shell(2, 0.5, 10.0)),
}


TIMELESS = mfbench.Context(seed=0, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
LEVELS = {1: 5, 2: 4, 3: 3}


@pytest.fixture(scope="session", params=EXACT)
def exact(request):
    """Every problem with a formula."""
    return EXACT[request.param]()


@pytest.fixture(scope="session")
def plain(exact):
    """The first checkpoints of `finite-volume` on it, without extrapolation."""
    parameters = CommittorFiniteVolumeParameters(extrapolate=False)
    return list(itertools.islice(solve(exact.problem, parameters, TIMELESS), LEVELS[exact.problem.dim]))


@pytest.fixture(scope="session")
def found(exact):
    """The first checkpoints of `finite-volume` on it."""
    parameters = CommittorFiniteVolumeParameters()
    return list(itertools.islice(solve(exact.problem, parameters, TIMELESS), LEVELS[exact.problem.dim]))


@pytest.fixture
def make_exact():
    """Name of a problem with a formula -> the problem."""
    return lambda name: (EXACT | STIRRED)[name]()


@pytest.fixture
def nested():
    """A shell about B whose start points all around have the same mean as B's."""
    known = shell(2, 0.5, 10.0)
    centre = known.problem.start_b[0]
    around = centre + 1.1 * np.concatenate([np.eye(2), -np.eye(2)])
    return replace(known, problem=replace(known.problem, start_a=around))


@pytest.fixture
def timeless():
    """A context whose budget never ends."""
    return TIMELESS
