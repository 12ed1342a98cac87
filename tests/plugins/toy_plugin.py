"""A closed-form toy: Brownian motion on a line between two absorbing ends, and solvers for it.

q(x) = (x + 1) / 2 between A = {x <= -1} and B = {x >= 1}; nu follows from V = 0 on a box only
formally, so the rate is given for a unit of mass on [-1, 1].
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np

import mfbench
from mfbench.tasks.committor import CommittorProblem
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.committor_points import EnergyPoints, ReferencePoints


@dataclasses.dataclass(frozen=True)
class Line:
    """Parameters of the toy problem."""

    temperature: float = 1.0

    def __post_init__(self):
        if not self.temperature > 0:
            raise ValueError(f"temperature is {self.temperature!r}; expected a number > 0.")


@dataclasses.dataclass(frozen=True)
class Steps:
    """Parameters of the toy solver."""

    steps: int = 50
    rate: float = 0.5
    pause: float = 0.0


def build(parameters, seed):
    return CommittorProblem(
        dim=1,
        beta=1.0 / parameters.temperature,
        potential=lambda x: 0.0 * x[:, 0],
        boundary_a=lambda x: x[:, 0] + 1.0,
        boundary_b=lambda x: 1.0 - x[:, 0],
        start_a=np.array([[-1.5]]),
        start_b=np.array([[1.5]]),
        box=np.array([[-2.0], [2.0]]),
    )


def judge(parameters, seed):
    x = np.linspace(-0.999, 0.999, 1001)[:, None]
    q = (x[:, 0] + 1.0) / 2.0
    weights = q * (1 - q) / np.sum(q * (1 - q))
    equal = np.full(len(q), 1.0 / len(q))
    points = ReferencePoints(x=x, q=q, p=1 - q, weights=weights)
    flat = ReferencePoints(x=x, q=q, p=1 - q, weights=equal)
    return CommittorJudge(
        beta=1.0 / parameters.temperature,
        reactive=points,
        flat=flat,
        logit_range=(0.0005, 0.0005),
        equilibrium=flat,
        energy=EnergyPoints(x=x, weights=equal),
        field=mfbench.Reference(quantity="q", value=None, tolerance=0.0, method="exact", source="linear"),
        rate=mfbench.Reference(
            quantity="nu", value=0.25 * parameters.temperature, tolerance=0.0, method="exact", source="linear"
        ),
    )


def evaluate(state, x):
    """A blend of 1/2 and the truth; `state` is the distance from the truth."""
    return np.clip(0.5 * state + (1.0 - state) * (x[:, 0] + 1.0) / 2.0, 0.0, 1.0)


def relax(problem, parameters, context):
    """Approach the truth geometrically."""
    distance = 1.0
    for step in range(parameters.steps + 1):
        yield mfbench.Checkpoint(evaluate=evaluate, state=distance, work={"evaluations": step})
        time.sleep(parameters.pause)
        distance *= parameters.rate


@mfbench.hookimpl
def mfbench_problems():
    return [
        mfbench.ProblemEntry(
            name="committor/line",
            summary="Brownian motion between two ends.",
            formula="V = 0, A = {x <= -1}, B = {x >= 1}, q = (x + 1) / 2",
            source="elementary",
            facts=lambda parameters: mfbench.Facts(task="committor", dim=1, flags=frozenset({"reversible"})),
            build="toy_plugin:build",
            judge="toy_plugin:judge",
            parameters=Line,
            instances={"quick": ({},), "standard": ({}, {"temperature": 2.0})},
            targets=(1e-1, 1e-2, 1e-3),
        )
    ]


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="relax",
            task="committor",
            summary="Approaches the truth geometrically.",
            source="elementary",
            run="toy_plugin:relax",
            parameters=Steps,
        ),
        mfbench.SolverEntry(
            name="picky",
            task="committor",
            summary="Refuses every line.",
            source="elementary",
            run="toy_plugin:relax",
            supports=lambda facts: "needs d >= 2; this is a line" if facts.dim < 2 else None,
        ),
    ]
