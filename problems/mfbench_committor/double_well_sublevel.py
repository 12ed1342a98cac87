"""`committor/double-well-sublevel`: a double well among soft modes, its wells' bottoms for sets; formula in the entry."""

from __future__ import annotations

import math
from functools import cache, partial
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like
from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem, Field, scrambled
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.extent import ball_radius, cube
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.double_well_balls import LENGTH, STARTS, STIFFNESS, half_plane_law, with_directions
from mfbench_committor.entries.double_well_sublevel import DoubleWellSublevelParameters
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.second_plane import second_half_plane

HEIGHT = 0.2
"""A and B are the halves of {V < HEIGHT}."""
TINY = 1e-2
"""e^{-1/x} below this x counts as e^-100."""
NEWTON_STEPS = 12


def build(parameters: DoubleWellSublevelParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    dim, beta = parameters.dim, parameters.beta
    seeds, law = repetition_seeds(seed), planar_problem(parameters).law
    frame = Frame(dim, seeds.rotation)

    def potential(x: Any) -> Any:
        xp = array_namespace(x)
        y = frame.to_formula(x)
        return (y[:, 0] ** 2 - 1.0) ** 2 + STIFFNESS * xp.sum(y[:, 1:] ** 2, axis=1)

    boundary_a, boundary_b = (
        scrambled(boundary, dim, factor, LENGTH) if parameters.levels == "scrambled" else boundary
        for boundary, factor in (
            (half_boundary(potential, frame, -1.0), seeds.factor_a),
            (half_boundary(potential, frame, 1.0), seeds.factor_b),
        )
    )
    rng = np.random.default_rng(seeds.starts)
    start_a, start_b = (
        frame.to_solver(with_directions(law.disc_points(side, STARTS, rng), dim, rng)) for side in (0, 1)
    )
    return CommittorProblem(
        dim=dim,
        beta=beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=start_a,
        start_b=start_b,
        box=cube(ball_radius(*law.squares_and_masses(), 0, 1.0), dim),
    )


def judge(parameters: DoubleWellSublevelParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance and repetition."""
    return planar_judge(
        planar_problem(parameters),
        lift=lambda u, rng: with_directions(u, parameters.dim, rng),
        frame=Frame(parameters.dim, repetition_seeds(seed).rotation),
    )


def second_route(parameters: DoubleWellSublevelParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    frame = Frame(parameters.dim, repetition_seeds(seed).rotation)
    return second_half_plane(build(parameters, seed), planar_problem(parameters).law, frame)


def half_boundary(potential: Field, frame: Frame, side: float) -> Field:
    """V - HEIGHT, and e^{-1/t} more where t = -side x1 > 0: smooth, and above 0 in the other well.

    There t > .743 where V < HEIGHT, so that e^{-1/t} > .26.
    """

    def function(x: Any) -> Any:
        xp = array_namespace(x)
        beyond = xp.maximum(-side * frame.to_formula(x)[:, 0], like(np.array(TINY), x))
        return potential(x) - HEIGHT + xp.exp(-1.0 / beyond)

    return function


def outline(angle: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray]:
    """Radius of {V < HEIGHT} about (side, 0) in the plane of (x1, r), and its logarithm's derivative by the angle.

    With w = -side r cos(angle), the way towards the other well, V = w^2 (2 - w)^2 + STIFFNESS (r sin(angle))^2.
    """
    c, s = -side * np.cos(angle), np.sin(angle)
    radius = np.sqrt(HEIGHT / (4.0 * c**2 + STIFFNESS * s**2))
    for _ in range(NEWTON_STEPS):
        w = radius * c
        slope = 4.0 * w * (2.0 - w) * (1.0 - w)
        excess = (w * (2.0 - w)) ** 2 + STIFFNESS * (radius * s) ** 2 - HEIGHT
        radius = radius - excess / (slope * c + 2.0 * STIFFNESS * radius * s**2)
    w = radius * c
    slope = 4.0 * w * (2.0 - w) * (1.0 - w)
    by_radius = slope * c + 2.0 * STIFFNESS * radius * s**2
    by_angle = side * slope * radius * s + 2.0 * STIFFNESS * radius**2 * s * np.cos(angle)
    return radius, -by_angle / by_radius / radius


@cache
def planar_problem(parameters: DoubleWellSublevelParameters) -> PlanarProblem:
    """The instance in (x1, r)."""
    dim, beta = parameters.dim, parameters.beta
    return PlanarProblem(
        family="double-well-sublevel",
        values={"dim": dim, "beta": beta},
        law=half_plane_law(
            dim,
            1.0 / beta,
            math.sqrt(HEIGHT / STIFFNESS),
            outlines=(partial(outline, side=-1.0), partial(outline, side=1.0)),
        ),
        beta=beta,
        spacing=0.2,
        cell=0.02,
    )
