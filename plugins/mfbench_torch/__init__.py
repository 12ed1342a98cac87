"""Neural solvers in torch: twins of those in jax, so that a difference between them is one of frameworks."""

import mfbench

from .is_sgd_entry import IS_SGD
from .particle_regression_entry import PARTICLE_REGRESSION
from .particle_sgd_entry import PARTICLE_SGD


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [IS_SGD, PARTICLE_REGRESSION, PARTICLE_SGD]
