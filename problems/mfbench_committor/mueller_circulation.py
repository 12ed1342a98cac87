"""`committor/mueller-circulation`: the Mueller-Brown potential, stirred; see the entry for the formula."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from array_api_compat import array_namespace

from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench_committor import mueller
from mfbench_committor.blocks.mueller_potential import mueller_slope
from mfbench_committor.entries.mueller import MuellerParameters
from mfbench_committor.entries.mueller_circulation import MuellerCirculationParameters
from mfbench_committor.references.planar_build import UNROTATED
from mfbench_committor.references.planar_judge import planar_judge
from mfbench_committor.references.planar_problem import PlanarProblem


def build(parameters: MuellerCirculationParameters, seed: int) -> CommittorProblem:
    """The problem as solvers see it."""

    def circulation(x: Any) -> Any:
        along_x, along_y = mueller_slope(x[:, 0], x[:, 1])
        xp = array_namespace(x)
        return parameters.circulation * xp.stack([along_y, -along_x], axis=1)

    return replace(mueller.build(unstirred(parameters), seed), circulation=circulation)


def judge(parameters: MuellerCirculationParameters, seed: int) -> CommittorJudge:
    """The judge of the same instance; every repetition has the same."""
    del seed
    return planar_judge(planar_problem(parameters), lift=lambda u, rng: u, frame=UNROTATED)


def unstirred(parameters: MuellerCirculationParameters) -> MuellerParameters:
    """The instance of `committor/mueller` with the same law."""
    return MuellerParameters(temperature=parameters.temperature, levels=parameters.levels)


@cache
def planar_problem(parameters: MuellerCirculationParameters) -> PlanarProblem:
    """The instance in reduced coordinates, which here are all coordinates."""
    still = mueller.planar_problem(unstirred(parameters))
    return replace(
        still,
        family="mueller-circulation",
        values={"temperature": parameters.temperature, "circulation": parameters.circulation},
        law=replace(still.law, circulation=parameters.circulation),
    )
