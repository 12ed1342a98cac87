"""`committor/face`: two wells and a wide basin off the path between them; see the entry for the formula."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from array_api_compat import array_namespace

from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.entries.face import FaceParameters
from mfbench_committor.references.planar_build import UNROTATED, planar_build
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.second_plane import second_plane

CENTRES = ((-3.0, 3.0), (0.0, 4.5))
"""The deepest minima: V = 0 there and nowhere else."""
SADDLE = 3.652
"""V at the highest saddle, (-1.18255, 1.97434); the one on the way from B to the basin has 3.437."""
RADIUS = 0.5
REACH = 1.0
LENGTH = 2.0


def build(parameters: FaceParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    return planar_build(
        planar_problem(parameters),
        lambda x: face_potential(x[:, 0], x[:, 1]),
        levels=parameters.levels,
        length=LENGTH,
        seed=seed,
    )


def judge(parameters: FaceParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def second_route(parameters: FaceParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    return second_plane(build(parameters, seed), planar_problem(parameters).law)


def face_potential(x: Any, y: Any) -> Any:
    """V at coordinates x and y of one shape, of numpy, torch or jax."""
    xp = array_namespace(x, y)
    bowl = (1.0 - x) ** 2 + (y - 0.25 * x**2) ** 2 + 1.0
    eye_a = 1.0 - xp.exp(-0.125 * ((x + 3.0) ** 2 + (y - 3.0) ** 2))
    eye_b = 1.0 - xp.exp(-0.25 * (x**2 + (y - 4.5) ** 2))
    nose = 1.2 - xp.exp(-2.0 * (x**2 + (y - 2.0) ** 2))
    ridge = 1.0 + xp.exp(-2.0 * (x + 1.5) ** 2 - (y - 3.5) ** 2 - (x + 1.0) * (y - 3.5))
    return bowl * eye_a * eye_b * nose * ridge


@cache
def planar_problem(parameters: FaceParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    temperature = parameters.temperature
    # Outside this box the bowl is above 1 + width^2 and the other four factors together above .7.
    width = math.sqrt((SADDLE + 1.3 * BEYOND * temperature) / 0.7)
    return PlanarProblem(
        family="face",
        values={"temperature": temperature},
        law=PlanarLaw(
            box=PuncturedBox(
                lower=(1.0 - width, -width),
                upper=(1.0 + width, 0.25 * (1.0 + width) ** 2 + width),
                centres=CENTRES,
                radius=RADIUS,
                reach=REACH,
            ),
            log_weight=lambda u: -face_potential(u[0], u[1]) / temperature,
            depth=SADDLE / temperature + BEYOND,
        ),
        beta=1.0 / temperature,
        spacing=0.4,
        cell=0.04,
    )
