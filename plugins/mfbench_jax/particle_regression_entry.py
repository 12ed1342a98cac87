"""The entry of `particle-sgd` for the task `regression`."""

import mfbench

from .particle_parameters import ParticleDescent

PARTICLE_REGRESSION = mfbench.SolverEntry(
    name="particle-sgd",
    task="regression",
    summary="SGD of a mean-field network in particle time; a larger batch from a step on quenches the gradient noise.",
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4.",
    run="mfbench_jax.particle_regression:solve",
    parameters=ParticleDescent,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
