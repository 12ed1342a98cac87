"""`committor/double-well-balls`: a double well among soft modes, with balls for sets; formula in the entry."""

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
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.double_well_balls import DoubleWellBallsParameters
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import Outline, PuncturedBox
from mfbench_committor.references.second_plane import second_half_plane

BARRIER = 1.0
STIFFNESS = 0.3
"""V = (x1^2 - 1)^2 + STIFFNESS sum_{i>=2} x_i^2."""
REACH = 1.0
"""The squares about the two balls touch at x1 = 0."""
LENGTH = 1.0
STARTS = 32
"""Start points in each set."""


def build(parameters: DoubleWellBallsParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, temperature = parameters.dim, parameters.temperature
    seeds, law = repetition_seeds(seed), planar_problem(parameters).law
    frame = Frame(dim, seeds.rotation)
    hidden = parameters.levels == "scrambled"
    boundary_a, boundary_b = (
        ball_boundary(
            frame,
            (side, *[0.0] * (dim - 1)),
            parameters.radius,
            factor=factor if hidden else None,
            length=LENGTH,
        )
        for side, factor in ((-1.0, seeds.factor_a), (1.0, seeds.factor_b))
    )

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)
        return (y[:, 0] ** 2 - 1.0) ** 2 + STIFFNESS * xp.sum(y[:, 1:] ** 2, axis=1)

    rng = np.random.default_rng(seeds.starts)
    start_a, start_b = (
        frame.to_solver(with_directions(law.disc_points(side, STARTS, rng), dim, rng)) for side in (0, 1)
    )
    return CommittorProblem(
        dim=dim,
        beta=1.0 / temperature,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=start_a,
        start_b=start_b,
        box=cube(ball_radius(*law.squares_and_masses(), 0, 1.0), dim),
    )


def judge(parameters: DoubleWellBallsParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance and repetition."""
    return planar_judge(
        planar_problem(parameters),
        lift=lambda u, rng: with_directions(u, parameters.dim, rng),
        frame=Frame(parameters.dim, repetition_seeds(seed).rotation),
    )


def second_route(parameters: DoubleWellBallsParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    frame = Frame(parameters.dim, repetition_seeds(seed).rotation)
    return second_half_plane(build(parameters, seed), planar_problem(parameters).law, frame)


def with_directions(u: np.ndarray, dim: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) values of (x1, r) -> (n, d) points, the direction of (x2, ..., xd) uniform."""
    directions = rng.standard_normal((len(u), dim - 1))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.concatenate([u[:, :1], u[:, 1:] * directions], axis=1)


@cache
def planar_problem(parameters: DoubleWellBallsParameters) -> PlanarProblem:
    """The instance in (x1, r)."""
    dim, temperature = parameters.dim, parameters.temperature
    return PlanarProblem(
        family="double-well-balls",
        values={"dim": dim, "temperature": temperature, "radius": parameters.radius},
        law=half_plane_law(dim, temperature, parameters.radius),
        beta=1.0 / temperature,
        spacing=0.2,
        cell=0.02,
    )


def half_plane_law(
    dim: int, temperature: float, radius: float, outlines: tuple[Outline, ...] = ()
) -> PlanarLaw:
    """The law of (x1, r), r = |x_2..d|, with sets about (-1, 0) and (1, 0) of that radius or of those outlines."""

    def log_weight(u: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):  # r = 0 has density 0
            log_area = (dim - 2) * np.log(u[1])
        return log_area - ((u[0] ** 2 - 1.0) ** 2 + STIFFNESS * u[1] ** 2) / temperature

    depth = BARRIER / temperature + BEYOND
    # Outside this box the log density is below its maximum by more than 1.3 depth: in x1 by the
    # formula; in r because its second derivative is below -2 STIFFNESS / temperature everywhere.
    height = 1.3 * depth * temperature
    mode = math.sqrt((dim - 2) * temperature / (2.0 * STIFFNESS))
    width = max(math.sqrt(1.0 + math.sqrt(height)), 1.0 + REACH)
    return PlanarLaw(
        box=PuncturedBox(
            lower=(-width, 0.0),
            upper=(width, max(mode + math.sqrt(height / STIFFNESS), REACH)),
            centres=((-1.0, 0.0), (1.0, 0.0)),
            radius=radius,
            reach=REACH,
            outlines=outlines,
        ),
        log_weight=log_weight,
        depth=depth,
    )
