"""The entry of `particle-sgd`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least, finite_from
from mfbench.demands import reversible_only


@dataclass(frozen=True, kw_only=True)
class MeanField:
    """Parameters of `particle-sgd`.

    Args:
        particles: units n of the mean-field network.
        walkers: unbiased walkers, the batch P of every step, >= 2.
        moves: Langevin steps of every walker between two updates.
        step: particle time of one update, dt; there is no 1/n in it.
        lift_depth: as in `is-sgd`.
        heat: walkers follow the law of `heat` times the temperature, >= 1, and are weighed by that of the given one.

    Raises:
        ValueError: a value outside its range.
    """

    particles: int = 256
    walkers: int = 384
    moves: int = 4
    step: float = 0.02
    lift_depth: float = 0.2
    heat: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, particles=1, walkers=2, moves=1)
        above_zero(self, "step", "lift_depth")
        finite_from(self, heat=1.0)


PARTICLE_SGD = mfbench.SolverEntry(
    name="particle-sgd",
    task="committor",
    summary="Ritz energy of a two-layer network by plain SGD on walkers of mu or hotter ones; misses what is rare.",
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915 (particle time step); Khoo, Lu, Ying, arXiv 1802.10275 (Ritz form).",
    run="mfbench_jax.particle_sgd:solve",
    parameters=MeanField,
    supports=reversible_only,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
