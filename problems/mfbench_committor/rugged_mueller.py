"""`committor/rugged-mueller`: a rippled Mueller-Brown plane hidden among Gaussian modes; formula in the entry."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.ball_boundary import ball_boundary
from mfbench_committor.blocks.extent import ball_radius, cube
from mfbench_committor.blocks.mueller_potential import DEEPEST, SADDLE, mueller_corners, mueller_potential
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.rugged_mueller import RuggedMuellerParameters
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.second_plane import embedding, second_plane

CENTRES = ((-0.5582236, 1.4417258), (0.6234994, 0.0280378))
RADIUS = 0.1
RIPPLE = 9.0
WAVE_NUMBER = 10.0 * math.pi
MODE_WIDTH = 0.05
"""sigma of V = ... + sum x_i^2 / (2 sigma^2)."""
LENGTH = 1.0
STARTS = 32
"""Start points in each set."""


def build(parameters: RuggedMuellerParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, temperature = parameters.dim, parameters.temperature
    seeds, law = repetition_seeds(seed), planar_problem(parameters).law
    frame = Frame(dim, seeds.rotation)
    hidden = parameters.levels == "scrambled"
    boundary_a, boundary_b = (
        ball_boundary(frame, centre, RADIUS, factor=factor if hidden else None, length=LENGTH)
        for centre, factor in zip(CENTRES, (seeds.factor_a, seeds.factor_b), strict=True)
    )

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)
        modes = xp.sum(y[:, 2:] ** 2, axis=1) / (2.0 * MODE_WIDTH**2)
        return planar_potential(y[:, 0], y[:, 1]) + modes

    rng = np.random.default_rng(seeds.starts)
    start_a, start_b = (
        frame.to_solver(with_modes(law.disc_points(side, STARTS, rng), parameters, rng)) for side in (0, 1)
    )
    return CommittorProblem(
        dim=dim,
        beta=1.0 / temperature,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=start_a,
        start_b=start_b,
        box=cube(ball_radius(*law.squares_and_masses(), dim - 2, temperature * MODE_WIDTH**2), dim),
    )


def judge(parameters: RuggedMuellerParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance and repetition."""
    return planar_judge(
        planar_problem(parameters),
        lift=lambda u, rng: with_modes(u, parameters, rng),
        frame=Frame(parameters.dim, repetition_seeds(seed).rotation),
    )


def second_route(parameters: RuggedMuellerParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    frame = Frame(parameters.dim, repetition_seeds(seed).rotation)
    return second_plane(
        build(parameters, seed),
        planar_problem(parameters).law,
        embedding(frame, parameters.dim),
        lambda x: frame.to_formula(x)[:, :2],
    )


def planar_potential(x: Any, y: Any) -> Any:
    """The part of V in the hidden plane."""
    xp = array_namespace(x, y)
    return mueller_potential(x, y) + RIPPLE * xp.sin(WAVE_NUMBER * x) * xp.sin(WAVE_NUMBER * y)


def with_modes(u: np.ndarray, parameters: RuggedMuellerParameters, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) points of the plane -> (n, d) points, the other coordinates drawn from mu."""
    modes = rng.standard_normal((len(u), parameters.dim - 2))
    return np.concatenate([u, modes * MODE_WIDTH * math.sqrt(parameters.temperature)], axis=1)


@cache
def planar_problem(parameters: RuggedMuellerParameters) -> PlanarProblem:
    """The instance in the hidden plane; the same for every dimension."""
    beta = 1.0 / parameters.temperature
    lower, upper = mueller_corners(SADDLE + RIPPLE + 1.3 * BEYOND / beta)
    return PlanarProblem(
        family="rugged-mueller",
        values={"temperature": parameters.temperature},
        law=PlanarLaw(
            box=PuncturedBox(lower=lower, upper=upper, centres=CENTRES, radius=RADIUS, reach=2 * RADIUS),
            log_weight=lambda u: -beta * planar_potential(u[0], u[1]),
            depth=beta * (SADDLE - DEEPEST + 2.0 * RIPPLE) + BEYOND,
        ),
        beta=beta,
        spacing=0.1,
        cell=0.01,
    )
