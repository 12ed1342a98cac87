"""The entry of `shooting`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class Shooting:
    """Parameters of `shooting`.

    Args:
        walkers: trajectories at a time.
        stretch: time steps between two looks at them.
        width, depth: hidden units of a layer, hidden layers of the network that smooths the outcomes.
        rate, warm_up, halving, lift_depth: as in `is-sgd`.

    Raises:
        ValueError: a value outside its range.
    """

    walkers: int = 512
    stretch: int = 32
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, walkers=1, stretch=1, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


SHOOTING = mfbench.SolverEntry(
    name="shooting",
    task="committor",
    summary="Trajectories to A or B from places spread over the committor's range; logistic regression of their outcomes.",
    source=(
        "Du, Pande, Grosberg, Tanaka, Shakhnovich, J. Chem. Phys. 108 (1998) 334; Peters, Trout, J. Chem. Phys. 125 "
        "(2006) 054108; starts flat in the current logit as in Jung et al., Nat. Comput. Sci. 3 (2023) 334."
    ),
    run="mfbench_jax.shooting:solve",
    parameters=Shooting,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
