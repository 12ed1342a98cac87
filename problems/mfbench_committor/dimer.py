"""`committor/dimer`: two particles with a bistable bond in vacuum; see the entry for the formula.

Why q is exact. S = (x1 - x2) / sqrt(2) and R = (x1 + x2) / sqrt(2) are an orthogonal change of
coordinates, and V = U(sqrt(2) |S|) + |R|^2 / 2: R is an Ornstein-Uhlenbeck process that q does not see,
and S diffuses with the mobility of x. For q(r), r = sqrt(2) |S|, |grad r|^2 = 2 and

    div(e^{-beta U} grad q) = 2 e^{-beta U} (q'' + (2 / r - beta U') q'),

which int e^{beta U} r^-2 solves. With the density r^2 e^{-beta U} / Z of r the rate is

    nu = D[q] / beta = int 2 q'^2 r^2 e^{-beta U} dr / (beta Z) = 2 / (beta I Z).

The spring. Without it the centre of mass diffuses away and e^{-beta V} has no integral. In print a
periodic box of edge 10 holds it; here there are no walls, so a spring does, of the one stiffness that
needs no constant (V_R = |R|^2 / 2). It changes neither q nor nu.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.reference import Reference, SecondRoute
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks import bond
from mfbench_committor.blocks.bond import BARRIER, MOBILITY, SHORT
from mfbench_committor.blocks.extent import ball_radius, cube
from mfbench_committor.blocks.judge import committor_judge
from mfbench_committor.blocks.line import LineCommittor, log_integral
from mfbench_committor.blocks.reduced_points import reduced_points
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.blocks.second_line import second_line
from mfbench_committor.blocks.time_share import by_quadrature
from mfbench_committor.entries.dimer import DimerParameters

DIM = 6
HALF = SHORT / 2.0
"""w: half the distance between the bond's minima."""
LONG = SHORT + 2.0 * HALF
"""The second minimum, the boundary of B."""
LENGTH = 1.0
STARTS = 32
"""Start points in each set."""
TINY = 1e-30
"""Keeps the gradient of r finite where the particles meet (V = 320 there); changes nothing elsewhere."""
QUADRATURE = 1e-13
"""Relative error bar of the quadrature, as on other lines; found by tests/committor/test_dimer.py."""


def build(parameters: DimerParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    beta = 1.0 / parameters.temperature
    seeds = repetition_seeds(seed)

    def squared_distance(x: Any) -> Any:
        xp = array_namespace(x)
        return xp.sum((x[:, :3] - x[:, 3:]) ** 2, axis=1)

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        r = xp.sqrt(squared_distance(x) + TINY)
        return bond_energy(r) + xp.sum((x[:, :3] + x[:, 3:]) ** 2, axis=1) / 4.0

    def boundary_a(x: Any) -> Any:
        return (squared_distance(x) - SHORT**2) / (2.0 * SHORT)

    def boundary_b(x: Any) -> Any:
        return (LONG**2 - squared_distance(x)) / (2.0 * LONG)

    if parameters.levels == "scrambled":
        boundary_a = scrambled(boundary_a, DIM, seeds.factor_a, LENGTH)
        boundary_b = scrambled(boundary_b, DIM, seeds.factor_b, LENGTH)
    r, masses = bond_law(beta)
    rng = np.random.default_rng(seeds.starts)

    def starts(inside: np.ndarray) -> np.ndarray:
        return with_directions(drawn(r[inside], masses[inside], rng), beta, rng)

    return CommittorProblem(
        dim=DIM,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=starts(r < SHORT),
        start_b=starts(r > LONG),
        box=cube(ball_radius(r**2 / 2.0, masses, 3, 1.0 / beta), DIM),
    )


def judge(parameters: DimerParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    beta = 1.0 / parameters.temperature
    line, log_z = line_committor(beta), log_partition(beta)
    rate = MOBILITY * float(np.exp(-line.log_integral - log_z)) / beta
    made = {"method": "quadrature", "source": "mfbench_committor.blocks.line"}
    law = line.law(log_z, MOBILITY)
    return committor_judge(
        points=reduced_points(law),
        lift=lambda u, rng: with_directions(u, beta, rng),
        frame=Frame(DIM, None),
        beta=beta,
        field=Reference(quantity="committor q(x)", value=None, tolerance=QUADRATURE, **made),
        rate=Reference(
            quantity="nu, transitions A->B per unit time", value=rate, tolerance=QUADRATURE * rate, **made
        ),
        logit_tolerance=QUADRATURE,
        share_a=by_quadrature(law, log_partition(beta, most=SHORT), log_partition(beta, least=LONG)),
    )


def second_route(parameters: DimerParameters, seed: int) -> SecondRoute:
    """The answer without quadrature, for `mfbench check`."""
    return second_line(
        build(parameters, seed),
        path=lambda r: r[:, None] / 2.0 * np.array([1.0, 0.0, 0.0, -1.0, 0.0, 0.0]),
        coordinate=lambda x: np.linalg.norm(x[:, :3] - x[:, 3:], axis=1),
        ends=(SHORT, LONG),
        log_area=lambda r: 2.0 * np.log(r),
    )


def bond_energy(r: Any) -> Any:
    """U(r)."""
    return bond.bond_energy(r, HALF)


def radial_energy(r: np.ndarray, beta: float) -> np.ndarray:
    """beta U - 2 log r: minus the log of the density of r."""
    return beta * bond_energy(r) - 2.0 * np.log(r)


def line_committor(beta: float) -> LineCommittor:
    """q as a function of r."""
    return LineCommittor(lambda r: radial_energy(r, beta), SHORT, LONG)


def reach(beta: float) -> tuple[float, float]:
    """The two r at which beta U = 100: beyond lies a share of mu below 1e-35."""
    arm = HALF * np.sqrt(1.0 + np.sqrt(100.0 / (beta * BARRIER)))
    return max(SHORT + HALF - arm, 0.0), SHORT + HALF + arm


def log_partition(beta: float, least: float = 0.0, most: float = math.inf) -> float:
    """log of the integral of r^2 e^{-beta U} over least < r < most."""

    def exponent(r: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # r = 0 has density 0
            return -radial_energy(r, beta)

    low, high = reach(beta)
    return log_integral(exponent, max(low, least), min(high, most))


def bond_law(beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n,) and shares (n,) of the law of r, for start points and the box."""
    nodes = np.linspace(*reach(beta), 20_002)[1:]
    weights = nodes**2 * np.exp(-beta * bond_energy(nodes))
    return nodes, weights / np.sum(weights)


def drawn(r: np.ndarray, masses: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(STARTS, 1) draws of the nodes by their masses."""
    return rng.choice(r, (STARTS, 1), p=masses / np.sum(masses))


def with_directions(u: np.ndarray, beta: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 1) distances -> (n, 6) points, the bond's direction uniform, the centre of mass from mu."""
    directions = rng.standard_normal((len(u), 3))
    directions *= u / np.linalg.norm(directions, axis=1, keepdims=True) / 2.0
    centres = rng.standard_normal((len(u), 3)) / np.sqrt(2.0 * beta)
    return np.concatenate([centres + directions, centres - directions], axis=1)
