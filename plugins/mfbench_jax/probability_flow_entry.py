"""The entry of `probability-flow`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import transient_only, unbounded_space_only


@dataclass(frozen=True, kw_only=True)
class ProbabilityFlowParameters:
    """Parameters of `probability-flow`.

    Args:
        explicit: whether the score is matched to that of the transported law as carried along characteristics; else by
            Hyvarinen's loss, which is the published method.
        members: of the ensemble in the first sweep.
        units: hidden ones of the score in the first sweep.
        most_units: in any; sweeps of this size go on with more members.
        around: share of the members that start farther out than the law, for the sake of its tails; explicit match alone.
        stretch: of their distances from the mean.
        tuning: learning steps of the hidden units before each pair of time steps; 0: they stay as drawn.
        rate: of Adam.
        batch: members in a learning step.
        step_share: a pair of time steps times the norm of the velocity's Jacobian, in the first sweep.
        ridge: of the match in the first sweep.
        directions: at most so many stand for all in the divergence of the drift along the ensemble's way; it is exact
            up to this dimension, and on the way back always.
        masses: members whose force acts on all others, where particles interact.
        max_steps: over the horizon.

    Raises:
        ValueError: a value outside its range.
    """

    explicit: bool = True
    members: int = 1000
    units: int = 64
    most_units: int = 512
    around: float = 0.4
    stretch: float = 1.3
    tuning: int = 20
    rate: float = 3e-3
    batch: int = 256
    step_share: float = 0.4
    ridge: float = 1e-8
    directions: int = 16
    masses: int = 500
    max_steps: int = 20_000

    def __post_init__(self) -> None:
        at_least(self, members=200, units=1, most_units=self.units, tuning=0, batch=1, directions=1, masses=1)
        at_least(self, max_steps=16)
        above_zero(self, "rate", "step_share", "stretch", "ridge")
        if not 0.0 <= self.around < 0.7:
            raise ValueError(
                f"around is {self.around}; expected a share in [0, 0.7): the others are matched and held out."
            )


def laws_in_time_and_space(facts: mfbench.Facts) -> str | None:
    """The ensemble starts from the law at t = 0, and the network knows no period."""
    return transient_only(facts) or unbounded_space_only(facts)


PROBABILITY_FLOW = mfbench.SolverEntry(
    name="probability-flow",
    task="fokker-planck",
    summary="An ensemble moved by its own probability flow with a learnt score, and log p along characteristics of it.",
    source=(
        "Boffi, Vanden-Eijnden, Mach. Learn.: Sci. Technol. 4 (2023) 035012, equations 4, 7, 11; scores carried along: "
        "Shen, Wang, Kale, Ribeiro, Karbasi, Hassani, COLT 2022, equation 9; implicit loss: Hyvarinen, JMLR 6 (2005) 695."
    ),
    run="mfbench_jax.probability_flow:solve",
    parameters=ProbabilityFlowParameters,
    supports=laws_in_time_and_space,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
