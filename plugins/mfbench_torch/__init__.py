"""Solvers of this family."""

import mfbench


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return []
