"""`committor/two-channel-quartic`: two channels around a hill, nearly alike; see the entry for the formula."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor.entries.two_channel_quartic import TwoChannelQuarticParameters
from mfbench_committor.references.planar_build import UNROTATED, planar_build
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_law import BEYOND, PlanarLaw
from mfbench_committor.references.planar_problem import PlanarProblem
from mfbench_committor.references.punctured_box import PuncturedBox
from mfbench_committor.references.second_plane import second_plane

CENTRES = ((-1.118029, -0.002857), (1.118029, -0.002857))
"""Near the minima, (-+1.11796, -.01154)."""
DEEPEST = -0.084
"""V there."""
SADDLE = 1.050
"""V at the saddle of the upper channel, (0, .99369); the lower one's two saddles have .950."""
RADIUS = 0.05
LENGTH = 1.0


def build(parameters: TwoChannelQuarticParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""
    return planar_build(
        planar_problem(parameters),
        lambda x: quartic_potential(x[:, 0], x[:, 1]),
        levels=parameters.levels,
        length=LENGTH,
        seed=seed,
    )


def judge(parameters: TwoChannelQuarticParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def second_route(parameters: TwoChannelQuarticParameters, seed: int) -> SecondRoute:
    """The answer without finite elements, for `mfbench check`."""
    return second_plane(build(parameters, seed), planar_problem(parameters).law)


def quartic_potential(x: Any, y: Any) -> Any:
    """V at coordinates x and y of one shape, of numpy, torch or jax."""
    ring = 4.0 * (1.0 - x**2 - y**2) ** 2
    wells = 2.0 * (x**2 - 2.0) ** 2
    diagonals = ((x + y) ** 2 - 1.0) ** 2 + ((x - y) ** 2 - 1.0) ** 2
    return 0.05 * y + (ring + wells + diagonals - 2.0) / 6.0


@cache
def planar_problem(parameters: TwoChannelQuarticParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    temperature = parameters.temperature
    # V > (4 (r^2 - 1)^2 - 2) / 6 - .2 within r < 4; outside this square it is above the height.
    height = SADDLE + 1.3 * BEYOND * temperature
    reach = math.sqrt(1.0 + math.sqrt((6.0 * (height + 0.2) + 2.0) / 4.0))
    return PlanarProblem(
        family="two-channel-quartic",
        values={"temperature": temperature},
        law=PlanarLaw(
            box=PuncturedBox(
                lower=(-reach, -reach), upper=(reach, reach), centres=CENTRES, radius=RADIUS, reach=2 * RADIUS
            ),
            log_weight=lambda u: -quartic_potential(u[0], u[1]) / temperature,
            depth=(SADDLE - DEEPEST) / temperature + BEYOND,
        ),
        beta=1.0 / temperature,
        spacing=0.1,
        cell=0.01,
    )
