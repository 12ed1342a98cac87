"""A benchmark suite for solvers of PDEs that are dominated by rare events."""

from mfbench.hookspecs import hookimpl
from mfbench.placement import ExecutorEntry
from mfbench.reference import Reference, SecondRoute
from mfbench.solver import API, Checkpoint, Context, Diverged, Facts, NoParameters, ProblemEntry, SolverEntry
from mfbench.study import Arm, Prediction, StudyEntry, Term

__all__ = [
    "API",
    "Arm",
    "Checkpoint",
    "Context",
    "Diverged",
    "ExecutorEntry",
    "Facts",
    "NoParameters",
    "Prediction",
    "ProblemEntry",
    "Reference",
    "SecondRoute",
    "SolverEntry",
    "StudyEntry",
    "Term",
    "hookimpl",
]
