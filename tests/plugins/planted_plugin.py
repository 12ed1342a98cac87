"""A solver whose cost and accuracy can be worsened by known factors: the same steps, each of them longer, to a worse end.

Its problem is that of `toy_plugin`, which is loaded beside it. Pure numpy; the error depends on the seed and on
nothing else. The environment of a side plants the fault: MFBENCH_PLANTED_SLOWDOWN, MFBENCH_PLANTED_LOSS (factors).
"""

from __future__ import annotations

import dataclasses
import os

import numpy as np

import mfbench


@dataclasses.dataclass(frozen=True)
class Planted:
    """Parameters: CPU work of a step in array passes, and what is planted on top of the environment's."""

    steps: int = 24
    passes: int = 40
    slowdown: float = 1.0
    loss: float = 1.0


def evaluate(state, x):
    """The truth with a wave of amplitude `state`, which vanishes on both boundaries."""
    return np.clip((x[:, 0] + 1.0) / 2.0 + state * np.cos(np.pi * x[:, 0] / 2.0), 0.0, 1.0)


def descend(problem, parameters, context):
    """Halve the error in every step, down to a plateau that the seed moves by 10 %."""
    slowdown = parameters.slowdown * float(os.environ.get("MFBENCH_PLANTED_SLOWDOWN", "1"))
    loss = parameters.loss * float(os.environ.get("MFBENCH_PLANTED_LOSS", "1"))
    plateau = 1e-3 * loss * np.exp(0.1 * np.random.default_rng(context.seed).standard_normal())
    block = np.linspace(0.0, 1.0, 20_000)
    for step in range(parameters.steps + 1):
        error = plateau + loss * 0.2 * 0.5**step
        yield mfbench.Checkpoint(evaluate=evaluate, state=error, work={"evaluations": 100 * step})
        for _ in range(round(parameters.passes * slowdown)):
            np.tanh(block)


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="planted",
            task="committor",
            summary="Halves its error in steps of known cost.",
            source="elementary",
            run="planted_plugin:descend",
            parameters=Planted,
        )
    ]
