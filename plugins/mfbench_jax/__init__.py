"""Neural solvers in jax."""

import mfbench

from .committor_entries import (
    GAUSS_NEWTON,
    IS_SGD,
    LOG_SEMIGROUP,
    MARKOV_MODEL,
    PARTICLE_SGD,
    PINN,
    SEMIGROUP,
    SHOOTING,
    SPLITTING,
)
from .fokker_planck_entry import LOG_DENSITY_GAUSS_NEWTON


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [
        GAUSS_NEWTON,
        IS_SGD,
        LOG_DENSITY_GAUSS_NEWTON,
        LOG_SEMIGROUP,
        MARKOV_MODEL,
        PARTICLE_SGD,
        PINN,
        SEMIGROUP,
        SHOOTING,
        SPLITTING,
    ]
