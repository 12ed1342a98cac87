"""Neural solvers in jax."""

import mfbench

from .gauss_newton_entry import GAUSS_NEWTON
from .is_sgd_entry import IS_SGD
from .log_density_gauss_newton_entry import LOG_DENSITY_GAUSS_NEWTON
from .log_semigroup_entry import LOG_SEMIGROUP
from .markov_model_entry import MARKOV_MODEL
from .particle_sgd_entry import PARTICLE_SGD
from .particles_entry import PARTICLES
from .pinn_entry import PINN
from .semigroup_entry import SEMIGROUP
from .sequential_monte_carlo_entry import SEQUENTIAL_MONTE_CARLO
from .shooting_entry import SHOOTING
from .splitting_entry import SPLITTING


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
        PARTICLES,
        PINN,
        SEMIGROUP,
        SEQUENTIAL_MONTE_CARLO,
        SHOOTING,
        SPLITTING,
    ]
