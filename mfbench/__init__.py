"""A benchmark suite for solvers of PDEs that are dominated by rare events."""

from mfbench.hookspecs import hookimpl
from mfbench.placement import ExecutorEntry
from mfbench.reference import Reference, SecondRoute
from mfbench.solver import API, Checkpoint, Context, Diverged, Facts, NoParameters, ProblemEntry, SolverEntry

__all__ = [
    "API",
    "Checkpoint",
    "Context",
    "Diverged",
    "ExecutorEntry",
    "Facts",
    "NoParameters",
    "ProblemEntry",
    "Reference",
    "SecondRoute",
    "SolverEntry",
    "hookimpl",
]
