"""`committor/triple-well`: two channels, of which the temperature chooses one; see the entry for the formula.

The upper channel crosses two saddles, V = -1.65, by way of the third well, V = -2.17; the lower one
crosses one saddle, V = -1.38, and is wider: cold, the flux goes through the upper, hot, through the lower.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from array_api_compat import array_namespace

from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.entries.triple_well import TripleWellParameters
from mfbench_committor.references.planar_build import UNROTATED, planar_build
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.second_plane import second_plane

CENTRES = ((-1.0, 0.0), (1.0, 0.0))
"""Near the deepest minima, (-+1.04805, -.04209)."""
DEEPEST = -3.995
"""V there."""
SADDLE = -1.384
"""V at the highest saddle that a channel crosses, (0, -.31583)."""
REACH = 0.9
"""At most, for half the edge of the squares about the discs; else twice the radius."""
LENGTH = 1.0


def build(parameters: TripleWellParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    return planar_build(
        planar_problem(parameters),
        lambda x: triple_well_potential(x[:, 0], x[:, 1]),
        levels=parameters.levels,
        length=LENGTH,
        seed=seed,
    )


def judge(parameters: TripleWellParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def second_route(parameters: TripleWellParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    return second_plane(build(parameters, seed), planar_problem(parameters).law)


def triple_well_potential(x: Any, y: Any) -> Any:
    """V at coordinates x and y of one shape, of numpy, torch or jax."""
    xp = array_namespace(x, y)
    hill = 3.0 * xp.exp(-(x**2) - (y - 1 / 3) ** 2)
    third = -3.0 * xp.exp(-(x**2) - (y - 5 / 3) ** 2)
    deep = -5.0 * xp.exp(-(y**2)) * (xp.exp(-((x - 1.0) ** 2)) + xp.exp(-((x + 1.0) ** 2)))
    return hill + third + deep + 0.2 * x**4 + 0.2 * (y - 1 / 3) ** 4


@cache
def planar_problem(parameters: TripleWellParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    beta = parameters.beta
    # The wells together are above -13, so outside this square V is above the height.
    height = SADDLE + 1.3 * BEYOND / beta
    reach = ((height + 13.0) / 0.2) ** 0.25
    return PlanarProblem(
        family="triple-well",
        values={"beta": beta, "radius": parameters.radius},
        law=PlanarLaw(
            box=PuncturedBox(
                lower=(-reach, 1 / 3 - reach),
                upper=(reach, 1 / 3 + reach),
                centres=CENTRES,
                radius=parameters.radius,
                reach=min(2.0 * parameters.radius, REACH),
            ),
            log_weight=lambda u: -beta * triple_well_potential(u[0], u[1]),
            depth=beta * (SADDLE - DEEPEST) + BEYOND,
        ),
        beta=beta,
        spacing=0.2,
        cell=0.02,
    )
