"""A solver whose every number comes from its seed: what it answers is the same wherever it runs."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

import mfbench


@dataclasses.dataclass(frozen=True)
class Walk:
    """Parameters of the solver."""

    steps: int = 10
    pause: float = 0.0


def evaluate(state, x):
    return 0.5 + 0.5 * np.tanh(x @ state[:1] + state[1])


def solve(problem, parameters, context):
    """A random walk of two numbers."""
    generator = np.random.default_rng(context.seed)
    state = np.zeros(2)
    for step in range(parameters.steps + 1):
        yield mfbench.Checkpoint(evaluate=evaluate, state=state, work={"evaluations": step})
        time.sleep(parameters.pause)
        state = state + generator.standard_normal(2)


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="seeded",
            task="committor",
            summary="A random walk.",
            source="elementary",
            run="seeded_plugin:solve",
            parameters=Walk,
        )
    ]
