"""The entry of `particle-sgd` for stationary laws."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import one_elliptic_equation


@dataclass(frozen=True, kw_only=True)
class MeanFieldDensity:
    """Parameters of `particle-sgd` for stationary laws.

    Args:
        particles: units n of the mean-field network.
        walkers: of the process itself, the batch P of every step, >= 2.
        moves: Euler-Maruyama steps of every walker between two updates.
        burn_in: Euler-Maruyama steps before the first update, half of them hot.
        step: particle time of one update, dt; there is no 1/n in it.

    Raises:
        ValueError: a value outside its range.
    """

    particles: int = 256
    walkers: int = 1024
    moves: int = 4
    burn_in: int = 600
    step: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, particles=1, walkers=2, moves=1, burn_in=1)
        above_zero(self, "step")


PARTICLE_DENSITY = mfbench.SolverEntry(
    name="particle-sgd",
    task="fokker-planck",
    summary="A Gaussian and a mean-field two-layer network for log p, projected on the drift by plain SGD over walkers.",
    source=(
        "Particle time: Rotskoff, Vanden-Eijnden, arXiv 1805.00915. Projection of the drift on gradients: "
        "Hyvaerinen, JMLR 6 (2005) 695, eq. 2, in which the drift stands for the unknown score."
    ),
    run="mfbench_jax.particle_density:solve",
    parameters=MeanFieldDensity,
    supports=one_elliptic_equation,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
