"""The entry of `birth-death`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least

from .particle_parameters import ParticleDescent


@dataclass(frozen=True, kw_only=True)
class BirthDeath(ParticleDescent):
    """Parameters of `birth-death`, beside those of `particle-sgd`.

    Args:
        rate: alpha >= 0, deaths and births per particle time and unit of the potential.
        reinject: gaps are filled from the problem's prior with c = 0, not by copies.
        settle: steps without births and deaths at the end, where `steps` says when that is.

    Raises:
        ValueError: a value outside its range.
    """

    rate: float = 5.0
    reinject: bool = False
    settle: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, settle=0)
        if not self.rate >= 0:
            raise ValueError(f"rate is {self.rate}; expected a number >= 0.")


BIRTH_DEATH = mfbench.SolverEntry(
    name="birth-death",
    task="regression",
    summary="SGD of a mean-field network whose units die where they do harm and are doubled, or drawn anew, elsewhere.",
    source="Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843, algorithm 1.",
    run="mfbench_jax.birth_death:solve",
    parameters=BirthDeath,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
