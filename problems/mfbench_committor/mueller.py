"""`committor/mueller`: the Mueller-Brown potential in the plane; see the entry for the formula."""

from __future__ import annotations

from functools import cache

import numpy as np

from mfbench.frames import Frame
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.ball_boundary import ball_boundary
from mfbench_committor.blocks.mueller_potential import DEEPEST, SADDLE, mueller_corners, mueller_potential
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox

CENTRES = ((-0.558, 1.441), (0.623, 0.028))
"""The two deepest minima to three digits: (-.55822, 1.44173) and (.62350, .02804)."""
RADIUS = 0.1
FRAME = Frame(2, None)
"""Not rotated: the plane is all there is."""
LENGTH = 1.0
STARTS = 32
"""Start points in each set."""
VISIBLE = 28.0
"""Outside the box that solvers see, mu is below e^-28 = 1e-12 of its maximum."""


def build(parameters: MuellerParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    seeds, law = repetition_seeds(seed), planar_problem(parameters).law
    hidden = parameters.levels == "scrambled"
    boundary_a, boundary_b = (
        ball_boundary(FRAME, centre, RADIUS, factor=factor if hidden else None, length=LENGTH)
        for centre, factor in zip(CENTRES, (seeds.factor_a, seeds.factor_b), strict=True)
    )
    rng = np.random.default_rng(seeds.starts)
    return CommittorProblem(
        dim=2,
        beta=1.0 / parameters.temperature,
        potential=lambda x: mueller_potential(x[:, 0], x[:, 1]),
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=law.disc_points(0, STARTS, rng),
        start_b=law.disc_points(1, STARTS, rng),
        box=law.extent(VISIBLE),
    )


def judge(parameters: MuellerParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=FRAME)


@cache
def planar_problem(parameters: MuellerParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    beta = 1.0 / parameters.temperature
    depth = beta * (SADDLE - DEEPEST) + BEYOND
    lower, upper = mueller_corners(SADDLE + 1.3 * BEYOND / beta)
    return PlanarProblem(
        family="mueller",
        values={"temperature": parameters.temperature},
        law=PlanarLaw(
            box=PuncturedBox(lower=lower, upper=upper, centres=CENTRES, radius=RADIUS, reach=2 * RADIUS),
            log_weight=lambda u: -beta * mueller_potential(u[0], u[1]),
            depth=depth,
        ),
        beta=beta,
        spacing=0.16,
        cell=0.01,
    )
