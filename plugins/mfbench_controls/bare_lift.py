"""`bare-lift`: the committor that the boundary functions alone suggest.

    q = a / (a + b),   a = max(phi_A, 0),   b = max(phi_B, 0).

It is 0 on A, 1 on B and smooth between; the potential never enters. Many learned solvers build
their boundary conditions in this way, and a solver that does not beat it has learned nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mfbench.solver import Checkpoint, Context, NoParameters
from mfbench.tasks.committor import CommittorProblem


def solve(problem: CommittorProblem, parameters: NoParameters, context: Context) -> Iterator[Checkpoint]:
    """One checkpoint; V is not evaluated."""
    del parameters, context
    yield Checkpoint(evaluate=lift, state=problem, work={"evaluations": 0})


def lift(problem: CommittorProblem, x: np.ndarray) -> np.ndarray:
    """q of (n, d) points."""
    from_a = np.maximum(np.asarray(problem.boundary_a(x)), 0.0)
    from_b = np.maximum(np.asarray(problem.boundary_b(x)), 0.0)
    return from_a / (from_a + from_b)
