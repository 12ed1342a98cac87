"""`committor/duffing`: a particle with inertia in a double well; see the entry for the formula."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.tasks.committor import CommittorProblem, Field, scrambled
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.duffing import DuffingParameters
from mfbench_committor.references.planar_build import STARTS, UNROTATED, VISIBLE
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox

BARRIER = 0.25
FRICTION = 0.5
HALF_X, HALF_P = 0.3, 0.4
"""Half axes of the ellipses A and B."""
REACH = 0.8
BEYOND = 22.0
"""As in planar_law, but less: where noise has one direction, round-off grows with the range of the density."""
LENGTH = 1.0
LAYERS = 3
"""Of cells towards the rims: at the four points where p = 0 noise runs along them, and q has a root's singularity."""


def build(parameters: DuffingParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    seeds, law = repetition_seeds(seed), planar_problem(parameters).law
    boundary_a, boundary_b = (
        scrambled(boundary, 2, factor, LENGTH) if parameters.levels == "scrambled" else boundary
        for boundary, factor in (
            (ellipse_boundary(-1.0), seeds.factor_a),
            (ellipse_boundary(1.0), seeds.factor_b),
        )
    )
    rng = np.random.default_rng(seeds.starts)
    return CommittorProblem(
        dim=2,
        beta=parameters.beta,
        potential=lambda x: energy(x[:, 0], x[:, 1]),
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=law.disc_points(0, STARTS, rng),
        start_b=law.disc_points(1, STARTS, rng),
        box=law.extent(VISIBLE),
        circulation=circulation,
        mobility=np.array(law.mobility),
    )


def judge(parameters: DuffingParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def energy(x: Any, p: Any) -> Any:
    """H(x, p), for numpy, torch and jax alike."""
    return p**2 / 2.0 + x**4 / 4.0 - x**2 / 2.0


def circulation(x: Any) -> Any:
    """(dH/dp, -dH/dx): Hamilton's equations."""
    xp = array_namespace(x)
    return xp.stack([x[:, 1], x[:, 0] - x[:, 0] ** 3], axis=1)


def ellipse_boundary(centre: float) -> Field:
    """(((x - centre) / .3)^2 + (p / .4)^2 - 1) .3 / 2: slope 1 at the ends along x."""

    def function(x: Any) -> Any:
        return (((x[:, 0] - centre) / HALF_X) ** 2 + (x[:, 1] / HALF_P) ** 2 - 1.0) * (HALF_X / 2.0)

    return function


def outline(angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radius of the ellipse in a direction from its centre, and its logarithm's derivative by the angle."""
    c, s = np.cos(angle), np.sin(angle)
    square = (c / HALF_X) ** 2 + (s / HALF_P) ** 2
    return square**-0.5, c * s * (HALF_X**-2 - HALF_P**-2) / square


@cache
def planar_problem(parameters: DuffingParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    beta = parameters.beta
    depth = beta * BARRIER + BEYOND
    # H + BARRIER = (x^2 - 1)^2 / 4 + p^2 / 2 is 1.3 depth / beta on the box.
    height = 1.3 * depth / beta
    width, momentum = math.sqrt(1.0 + 2.0 * math.sqrt(height)), math.sqrt(2.0 * height)
    return PlanarProblem(
        family="duffing",
        values={"beta": beta},
        law=PlanarLaw(
            box=PuncturedBox(
                lower=(-width, -momentum),
                upper=(width, momentum),
                centres=((-1.0, 0.0), (1.0, 0.0)),
                radius=HALF_P,
                reach=REACH,
                outlines=(outline, outline),
                layers=LAYERS,
            ),
            log_weight=lambda u: -beta * energy(u[0], u[1]),
            depth=depth,
            circulation=1.0,
            mobility=(0.0, FRICTION),
        ),
        beta=beta,
        spacing=0.16,
        cell=0.01,
    )
