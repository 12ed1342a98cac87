"""`committor/arc`: a double well bent along an arc; see the entry for the formula.

Why q is exact. s + i theta = log(x + i y) is conformal, |grad theta| = |grad s| = 1/r and
grad theta . grad s = 0. For q(theta) the backward equation is therefore
r^-2 (q'' / beta - U' q') = 0 outside A u B, which int e^{beta U} solves.

The rate. With dx dy = e^{2s} ds dtheta and |grad q|^2 = q'^2 e^{-2s},

    nu = D[q] / beta = int e^{-beta k s^2/2} ds / (beta I Z_theta int e^{-beta k s^2/2 + 2s} ds),

and completing the square in the second integral leaves exp(-2 / (beta k)) for the quotient.

The wall. A and B meet at the half-line theta = +-pi, where V is continuous with a kink. It lies
inside A u B: q, D[q] and everything that a solver does outside A u B are the same with and
without it. Only a walker that is let run inside A could cross to B there; that needs the energy
((pi/2)^2 - 1)^2 = 2.15 instead of 1, and such a passage is no transition. It is to the transitions as
int_{-2}^2 e^{beta U} is to 2 int_2^pi e^{beta U}: 3e-5 at T = .086, 1.1e-3 at .12, beyond which no instance
goes. Thus V is given without a wall, and the boundary functions jump there and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.reference import Reference, SecondRoute
from mfbench.tasks.committor import CommittorProblem, scrambled
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.extent import ball_radius, cube
from mfbench_committor.blocks.judge import committor_judge
from mfbench_committor.blocks.line import LineCommittor, log_integral
from mfbench_committor.blocks.reduced_points import reduced_points
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.blocks.second_line import second_line
from mfbench_committor.blocks.time_share import one_half
from mfbench_committor.entries.arc import ArcParameters

ANGLE = 2.0
RADIAL_STIFFNESS = 20.0
MODE_STIFFNESS = 5.0
LENGTH = 1.0
STARTS = 32
QUADRATURE = 1e-13
"""Relative error bar of the quadrature; found by tests/committor/test_line.py in exact arithmetic."""
TINY = 1e-300
"""Keeps V finite (1e6) at the origin, where a grid may have a node; changes nothing elsewhere."""


def build(parameters: ArcParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, beta = parameters.dim, 1.0 / parameters.temperature
    seeds = repetition_seeds(seed)
    frame = Frame(dim, seeds.rotation)

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)
        angle, square = xp.atan2(y[:, 1], y[:, 0]), y[:, 0] ** 2 + y[:, 1] ** 2
        s = 0.5 * xp.log(xp.clip(square, TINY))
        well = (angle**2 / ANGLE**2 - 1.0) ** 2
        return well + RADIAL_STIFFNESS / 2 * s**2 + MODE_STIFFNESS / 2 * xp.sum(y[:, 2:] ** 2, axis=1)

    def arc_length(x: Any, side: float) -> Any:
        """r (ANGLE - side theta): the length of the arc from x to the boundary, < 0 beyond it."""
        xp = array_namespace(x)
        y = frame.to_formula(x)
        radius = xp.sqrt(y[:, 0] ** 2 + y[:, 1] ** 2)
        return radius * (ANGLE - side * xp.atan2(y[:, 1], y[:, 0]))

    def boundary_a(x: Any) -> Any:
        return arc_length(x, -1.0)

    def boundary_b(x: Any) -> Any:
        return arc_length(x, 1.0)

    if parameters.levels == "scrambled":
        boundary_a = scrambled(boundary_a, dim, seeds.factor_a, LENGTH)
        boundary_b = scrambled(boundary_b, dim, seeds.factor_b, LENGTH)
    rng = np.random.default_rng(seeds.starts)
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=frame.to_solver(with_modes(-well_angles(beta, rng), dim, beta, rng)),
        start_b=frame.to_solver(with_modes(well_angles(beta, rng), dim, beta, rng)),
        box=cube(radius_of_mu(dim, beta), dim),
    )


def judge(parameters: ArcParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance and repetition."""
    dim, beta = parameters.dim, 1.0 / parameters.temperature
    line = LineCommittor(lambda t: beta * well_energy(t), -ANGLE, ANGLE)
    log_z = log_integral(lambda t: -beta * well_energy(t), -np.pi, np.pi)
    # The mean of r^-2 over s, which is independent of theta under mu.
    mean_jacobian = float(np.exp(-2.0 / (beta * RADIAL_STIFFNESS)))
    rate = float(np.exp(-line.log_integral - log_z)) * mean_jacobian / beta

    def squares_at(y: np.ndarray) -> np.ndarray:
        """|grad q|^2 = (q'(theta) / r)^2."""
        return line.slope(np.arctan2(y[:, 1], y[:, 0])) ** 2 / (y[:, 0] ** 2 + y[:, 1] ** 2)

    return committor_judge(
        points=reduced_points(line.law(log_z, mean_jacobian)),
        lift=lambda u, rng: with_modes(u, dim, beta, rng),
        frame=Frame(dim, repetition_seeds(seed).rotation),
        beta=beta,
        field=Reference(
            quantity="committor q(x)",
            value=None,
            tolerance=QUADRATURE,
            method="quadrature",
            source="mfbench_committor.blocks.line",
        ),
        rate=Reference(
            quantity="nu, transitions A->B per unit time",
            value=rate,
            tolerance=QUADRATURE * rate,
            method="quadrature",
            source="mfbench_committor.blocks.line",
        ),
        logit_tolerance=QUADRATURE,
        share_a=one_half(),
        squares_at=squares_at,
    )


def second_route(parameters: ArcParameters, seed: int) -> SecondRoute:
    """The answer without quadrature, for `mfbench check`."""
    frame = Frame(parameters.dim, repetition_seeds(seed).rotation)

    def path(angle: np.ndarray) -> np.ndarray:
        y = np.zeros((len(angle), parameters.dim))
        y[:, 0], y[:, 1] = np.cos(angle), np.sin(angle)
        return frame.to_solver(y)

    def angle(x: np.ndarray) -> np.ndarray:
        y = frame.to_formula(x)
        return np.arctan2(y[:, 1], y[:, 0])

    return second_line(build(parameters, seed), path, angle, (-ANGLE, ANGLE))


def well_energy(angle: np.ndarray) -> np.ndarray:
    """U(theta)."""
    return (angle**2 / ANGLE**2 - 1.0) ** 2


def well_angles(beta: float, rng: np.random.Generator) -> np.ndarray:
    """(STARTS, 1) draws of theta from mu restricted to B, on a fine grid."""
    grid = np.linspace(ANGLE, np.pi, 10_002)[1:-1]
    weights = np.exp(-beta * well_energy(grid))
    return rng.choice(grid, (STARTS, 1), p=weights / np.sum(weights))


def radial_law(beta: float) -> tuple[float, float]:
    """Mean and standard deviation of s = log r under mu: e^{-beta k s^2/2 + 2s} is Gaussian."""
    precision = beta * RADIAL_STIFFNESS
    return 2.0 / precision, precision**-0.5


def radius_of_mu(dim: int, beta: float) -> float:
    """The radius outside which lies a share of 1e-12 of mu."""
    mean, deviation = radial_law(beta)
    standard = np.linspace(-10.0, 10.0, 20_001)
    masses = np.exp(-(standard**2) / 2)
    squares = np.exp(2.0 * (mean + deviation * standard))
    return ball_radius(squares, masses / np.sum(masses), dim - 2, 1.0 / (MODE_STIFFNESS * beta))


def with_modes(u: np.ndarray, dim: int, beta: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 1) angles -> (n, d) points in the formula's coordinates, all else drawn from mu."""
    mean, deviation = radial_law(beta)
    radius = np.exp(mean + deviation * rng.standard_normal(len(u)))
    modes = rng.standard_normal((len(u), dim - 2)) / np.sqrt(MODE_STIFFNESS * beta)
    plane = np.stack([radius * np.cos(u[:, 0]), radius * np.sin(u[:, 0])], axis=1)
    return np.concatenate([plane, modes], axis=1)
