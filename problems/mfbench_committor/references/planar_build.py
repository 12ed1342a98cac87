"""A problem whose whole space is the plane, as solvers see it: two discs, start points in them, a box."""

from __future__ import annotations

import numpy as np

from mfbench.frames import Frame
from mfbench.tasks.committor import CommittorProblem, Field
from mfbench_committor.blocks.ball_boundary import ball_boundary
from mfbench_committor.blocks.repetition import repetition_seeds
from mfbench_committor.references.planar_problem import PlanarProblem

UNROTATED = Frame(2, None)
"""The plane is all there is."""
STARTS = 32
"""Start points in each set."""
VISIBLE = 28.0
"""Outside the box that solvers see, mu is below e^-28 = 1e-12 of its maximum."""


def planar_build(
    problem: PlanarProblem, potential: Field, *, levels: str, length: float, seed: int
) -> CommittorProblem:
    """The problem of one repetition.

    Args:
        problem: the instance; its reduced coordinates are all coordinates.
        potential: V, (n, 2) -> (n,).
        levels: "scrambled" or "exact".
        length: typical size of the problem (see `scrambled`).
        seed: of the repetition.
    """
    seeds, law = repetition_seeds(seed), problem.law
    hidden = levels == "scrambled"
    boundary_a, boundary_b = (
        ball_boundary(UNROTATED, centre, law.box.radius, factor=factor if hidden else None, length=length)
        for centre, factor in zip(law.box.centres, (seeds.factor_a, seeds.factor_b), strict=True)
    )
    rng = np.random.default_rng(seeds.starts)
    return CommittorProblem(
        dim=2,
        beta=problem.beta,
        potential=potential,
        boundary_a=boundary_a,
        boundary_b=boundary_b,
        start_a=law.disc_points(0, STARTS, rng),
        start_b=law.disc_points(1, STARTS, rng),
        box=law.extent(VISIBLE),
    )
