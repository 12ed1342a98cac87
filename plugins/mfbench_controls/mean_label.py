"""`constant` for regression: the mean of the labels, everywhere. What a solver scores that has learned nothing of x."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mfbench.solver import Checkpoint, Context, NoParameters
from mfbench.tasks.regression import RegressionProblem

SAMPLES = 2**14
"""Their mean errs by 1/128 of the labels' spread."""


def solve(problem: RegressionProblem, parameters: NoParameters, context: Context) -> Iterator[Checkpoint]:
    """One checkpoint."""
    del parameters
    noise = np.random.default_rng(context.seed).standard_normal((SAMPLES, problem.noise_dim))
    _, y = problem.sample(noise)
    yield Checkpoint(evaluate=everywhere, state=float(np.mean(y)), work={"evaluations": SAMPLES})


def everywhere(state: float, x: np.ndarray) -> np.ndarray:
    """The constant at (n, d) points."""
    return np.full(len(x), state)
