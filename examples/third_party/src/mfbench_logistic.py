"""Logistic regression between the start points of A and B: a first guess of the committor."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True)
class Parameters:
    steps: int = 1000
    learning_rate: float = 0.5


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name="logistic",
            task="committor",
            summary="Logistic regression between the start points of A and B.",
            source="any textbook on classification",
            run="mfbench_logistic:solve",
            parameters=Parameters,
        )
    ]


def evaluate(weights, x):
    import numpy as np

    return 1.0 / (1.0 + np.exp(-(x @ weights[:-1] + weights[-1])))


def solve(problem, parameters, context):
    import numpy as np

    x = np.concatenate([problem.start_a, problem.start_b])
    label = np.repeat([0.0, 1.0], [len(problem.start_a), len(problem.start_b)])
    weights = np.zeros(problem.dim + 1)
    for _ in range(parameters.steps):
        yield mfbench.Checkpoint(evaluate=evaluate, state=weights)
        error = evaluate(weights, x) - label
        weights = weights - parameters.learning_rate * np.append(error @ x, error.sum()) / len(x)
