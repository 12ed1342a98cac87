"""`committor/mueller`: the Mueller-Brown potential in the plane; see the entry for the formula."""

from __future__ import annotations

from functools import cache

from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.blocks.mueller_potential import DEEPEST, SADDLE, mueller_corners, mueller_potential
from mfbench_committor.entries.mueller import DISCS, MuellerParameters
from mfbench_committor.references.planar_build import UNROTATED, planar_build
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.second_plane import second_plane

LENGTH = 1.0


def build(parameters: MuellerParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    return planar_build(
        planar_problem(parameters),
        lambda x: mueller_potential(x[:, 0], x[:, 1]),
        levels=parameters.levels,
        length=LENGTH,
        seed=seed,
    )


def judge(parameters: MuellerParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def second_route(parameters: MuellerParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    return second_plane(build(parameters, seed), planar_problem(parameters).law)


@cache
def planar_problem(parameters: MuellerParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    beta = 1.0 / parameters.temperature
    depth = beta * (SADDLE - DEEPEST) + BEYOND
    centre_a, centre_b, radius = DISCS[parameters.discs]
    lower, upper = mueller_corners(SADDLE + 1.3 * BEYOND / beta)
    return PlanarProblem(
        family="mueller",
        values={
            "temperature": parameters.temperature,
            **({"discs": parameters.discs} if parameters.discs != "minima" else {}),
        },
        law=PlanarLaw(
            box=PuncturedBox(
                lower=lower, upper=upper, centres=(centre_a, centre_b), radius=radius, reach=2 * radius
            ),
            log_weight=lambda u: -beta * mueller_potential(u[0], u[1]),
            depth=depth,
        ),
        beta=beta,
        spacing=0.16,
        cell=0.01,
    )
