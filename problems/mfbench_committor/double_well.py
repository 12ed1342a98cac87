"""`committor/double-well`: one double well among harmonic modes; see the entry for the formula."""

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
from mfbench_committor.entries.double_well import DoubleWellParameters

STIFFNESS = 0.3
LENGTH = 1.0
STARTS = 32
QUADRATURE = 1e-13
"""Relative error bar of the quadrature; found by tests/committor/test_line.py against 40 digits."""


def build(parameters: DoubleWellParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, beta = parameters.dim, 1.0 / parameters.temperature
    seeds = repetition_seeds(seed)
    frame = Frame(dim, seeds.rotation)

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)
        return (y[:, 0] ** 2 - 1.0) ** 2 + STIFFNESS * xp.sum(y[:, 1:] ** 2, axis=1)

    def boundary_a(x: Any) -> Any:
        return frame.to_formula(x)[:, 0] + 1.0

    def boundary_b(x: Any) -> Any:
        return 1.0 - frame.to_formula(x)[:, 0]

    if parameters.levels == "scrambled":
        boundary_a = scrambled(boundary_a, dim, seeds.factor_a, LENGTH)
        boundary_b = scrambled(boundary_b, dim, seeds.factor_b, LENGTH)
    nodes, masses = well_law(beta)
    rng = np.random.default_rng(seeds.starts)
    beyond = nodes > 1.0
    starts = rng.choice(nodes[beyond], (2, STARTS), p=masses[beyond] / np.sum(masses[beyond]))
    radius = ball_radius(nodes**2, masses, dim - 1, mode_variance(beta))
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=frame.to_solver(with_modes(-starts[0][:, None], dim, beta, rng)),
        start_b=frame.to_solver(with_modes(starts[1][:, None], dim, beta, rng)),
        box=cube(radius, dim),
    )


def judge(parameters: DoubleWellParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance and repetition."""
    dim, beta = parameters.dim, 1.0 / parameters.temperature
    line, log_z = line_committor(beta), log_partition(beta)
    rate = float(np.exp(-line.log_integral - log_z) / beta)
    return committor_judge(
        points=reduced_points(line.law(log_z)),
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
    )


def second_route(parameters: DoubleWellParameters, seed: int) -> SecondRoute:
    """The answer without quadrature, for `mfbench check`."""
    frame = Frame(parameters.dim, repetition_seeds(seed).rotation)

    def path(t: np.ndarray) -> np.ndarray:
        return frame.to_solver(t[:, None] * np.eye(parameters.dim)[0])

    return second_line(build(parameters, seed), path, lambda x: frame.to_formula(x)[:, 0], (-1.0, 1.0))


def line_committor(beta: float) -> LineCommittor:
    """q as a function of x1."""
    return LineCommittor(lambda t: beta * (t**2 - 1.0) ** 2, -1.0, 1.0)


def reach(beta: float) -> float:
    """|x1| at which beta V = 100: beyond lies a share of mu below 1e-40."""
    return float(np.sqrt(1.0 + np.sqrt(100.0 / beta)))


def log_partition(beta: float) -> float:
    """log of the integral of e^{-beta (s^2-1)^2} over the line."""
    end = reach(beta)
    return log_integral(lambda t: -beta * (t**2 - 1.0) ** 2, -end, end)


def well_law(beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (n,) and shares (n,) of the law of x1, for start points and the box."""
    nodes = np.linspace(-reach(beta), reach(beta), 20_001)
    weights = np.exp(-beta * (nodes**2 - 1.0) ** 2)
    return nodes, weights / np.sum(weights)


def mode_variance(beta: float) -> float:
    """Variance of each of x_2 ... x_d under mu."""
    return 1.0 / (2.0 * STIFFNESS * beta)


def with_modes(u: np.ndarray, dim: int, beta: float, rng: np.random.Generator) -> np.ndarray:
    """(n, 1) values of x1 -> (n, d) points, the other coordinates drawn from mu."""
    modes = rng.standard_normal((len(u), dim - 1)) * np.sqrt(mode_variance(beta))
    return np.concatenate([u, modes], axis=1)
