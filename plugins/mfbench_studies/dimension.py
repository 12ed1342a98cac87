"""`dimension`: what a fixed error costs in 2 to 100 dimensions."""

from __future__ import annotations

import mfbench

PROBLEM = "committor/double-well"
SOLVERS = ("finite-volume", "tensor-train", "gauss-newton", "is-sgd", "particle-sgd")

DIMENSION = mfbench.StudyEntry(
    name="dimension",
    summary="Seconds to an error of 0.1 against the dimension, at a rate of 2.7e-3.",
    source=(
        "Design ours. The problem's answer depends on one rotated coordinate at any dimension, so what grows is the cost of "
        "finding it, not the answer."
    ),
    arms=tuple(mfbench.Arm(problem=PROBLEM, solver=solver) for solver in SOLVERS),
    swept="problem.dim",
    values=(2, 3, 5, 10, 20, 50, 100),
    quantity="seconds-to:0.1",
    statistic="median",
    seeds=5,
    budget=60.0,
)
