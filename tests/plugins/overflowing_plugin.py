"""A double well in the plane that is harmless where walkers start, and farther out no number, or open.

V = (x1^2 - 1)^2 / 2 + g(x2), A = {x1 <= -.9}, B = {x1 >= .9}, beta = 4; the second coordinate is independent of the
first, q depends on x1 alone.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from array_api_compat import array_namespace

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.committor_points import EnergyPoints, ReferencePoints

BETA, EDGE = 4.0, 0.9
"""The law of x2 = .25 z, z standard normal, has 3e-4 of its mass beyond the edge: among hundreds of walkers soon one."""


@dataclasses.dataclass(frozen=True)
class Beyond:
    """Parameters of the problem.

    Args:
        beyond: what V is where |x2| > EDGE: "inf" or "nan"; "leak": g is bounded, so that walkers leave the box.
    """

    beyond: str = "inf"


def build(parameters, seed):
    del seed

    def potential(x):
        xp = array_namespace(x)
        square = x[:, 1] ** 2
        if parameters.beyond == "leak":
            return (x[:, 0] ** 2 - 1.0) ** 2 / 2.0 + 0.5 * square / (1.0 + square)
        v = (x[:, 0] ** 2 - 1.0) ** 2 / 2.0 + 2.0 * square
        return xp.where(square > EDGE**2, xp.full_like(v, float(parameters.beyond)), v)

    return CommittorProblem(
        dim=2,
        beta=BETA,
        potential=potential,
        boundary_a=lambda x: x[:, 0] + 0.9,
        boundary_b=lambda x: 0.9 - x[:, 0],
        start_a=np.array([[-1.0, 0.0], [-1.1, 0.1]]),
        start_b=np.array([[1.0, 0.0], [1.1, -0.1]]),
        box=np.array([[-2.5, -EDGE], [2.5, EDGE]]),
    )


def judge(parameters, seed):
    del parameters, seed
    ends, line = np.linspace(-0.9, 0.9, 2001), np.linspace(-3.0, 3.0, 6001)
    energy, growth = (BETA * (z**2 - 1.0) ** 2 / 2.0 for z in (line, ends))
    rises = np.exp(growth)
    summed = np.r_[0.0, np.cumsum((rises[1:] + rises[:-1]) / 2.0)] * (ends[1] - ends[0])
    nu = 1.0 / (BETA * summed[-1] * np.trapezoid(np.exp(-energy), line))
    x = np.stack([ends, 0.0 * ends], axis=1)[1:-1]
    q = (summed / summed[-1])[1:-1]
    points = ReferencePoints(x=x, q=q, p=1.0 - q, weights=np.full(len(q), 1.0 / len(q)))
    known = {"tolerance": 1e-6, "method": "quadrature", "source": "elementary"}
    return CommittorJudge(
        beta=BETA,
        reactive=points,
        flat=points,
        logit_range=(1e-3, 1e-3),
        equilibrium=points,
        energy=EnergyPoints(x=x, weights=points.weights),
        field=mfbench.Reference(quantity="q", value=None, **known),
        rate=mfbench.Reference(quantity="nu", value=float(nu), **known),
    )


@mfbench.hookimpl
def mfbench_problems():
    return [
        mfbench.ProblemEntry(
            name="committor/overflowing",
            summary="A double well that is no number, or open, farther out.",
            formula="V = (x1^2 - 1)^2 / 2 + 2 x2^2 where |x2| < .9",
            source="elementary",
            facts=lambda parameters: mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible"})),
            build="overflowing_plugin:build",
            judge="overflowing_plugin:judge",
            parameters=Beyond,
            instances={"quick": ({},)},
            targets=(1e-1,),
        )
    ]
