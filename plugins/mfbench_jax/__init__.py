"""Neural solvers in jax."""

import mfbench

from .fokker_planck_entry import LOG_DENSITY_GAUSS_NEWTON


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [LOG_DENSITY_GAUSS_NEWTON]
