"""`constant`: q = 1/2 everywhere. What a solver scores that has learned nothing at all.

The best constant depends on the answer; the judge knows it and reports `skill` relative to it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mfbench.solver import Checkpoint, Context, NoParameters
from mfbench.tasks.committor import CommittorProblem


def solve(problem: CommittorProblem, parameters: NoParameters, context: Context) -> Iterator[Checkpoint]:
    """One checkpoint, nothing evaluated."""
    del problem, parameters, context
    yield Checkpoint(evaluate=half, state=0.5, work={"evaluations": 0})


def half(state: float, x: np.ndarray) -> np.ndarray:
    """The constant at (n, d) points."""
    return np.full(len(x), state)
