"""Neural solvers in jax."""

import mfbench

from .adam_network_entry import ADAM_NETWORK
from .birth_death_entry import BIRTH_DEATH
from .gauss_newton_entry import GAUSS_NEWTON
from .is_sgd_entry import IS_SGD
from .kernel_ridge_entry import KERNEL_RIDGE
from .log_density_galerkin_entry import LOG_DENSITY_GALERKIN
from .log_density_gauss_newton_entry import LOG_DENSITY_GAUSS_NEWTON
from .log_semigroup_entry import LOG_SEMIGROUP
from .markov_model_entry import MARKOV_MODEL
from .noisy_particles_entry import NOISY_PARTICLES
from .particle_density_entry import PARTICLE_DENSITY
from .particle_regression_entry import PARTICLE_REGRESSION
from .particle_sgd_entry import PARTICLE_SGD
from .particles_at_rest_entry import PARTICLES_AT_REST
from .particles_entry import PARTICLES
from .pinn_entry import PINN
from .probability_flow_entry import PROBABILITY_FLOW
from .random_features_entry import RANDOM_FEATURES
from .semigroup_entry import SEMIGROUP
from .sequential_monte_carlo_entry import SEQUENTIAL_MONTE_CARLO
from .shooting_entry import SHOOTING
from .splitting_entry import SPLITTING


@mfbench.hookimpl
def mfbench_solvers() -> list[mfbench.SolverEntry]:
    """The solvers of this package."""
    return [
        ADAM_NETWORK,
        BIRTH_DEATH,
        GAUSS_NEWTON,
        IS_SGD,
        KERNEL_RIDGE,
        LOG_DENSITY_GALERKIN,
        LOG_DENSITY_GAUSS_NEWTON,
        LOG_SEMIGROUP,
        MARKOV_MODEL,
        NOISY_PARTICLES,
        PARTICLE_DENSITY,
        PARTICLE_REGRESSION,
        PARTICLE_SGD,
        PARTICLES,
        PARTICLES_AT_REST,
        PINN,
        PROBABILITY_FLOW,
        RANDOM_FEATURES,
        SEMIGROUP,
        SEQUENTIAL_MONTE_CARLO,
        SHOOTING,
        SPLITTING,
    ]
