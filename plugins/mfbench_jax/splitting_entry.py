"""The entry of `splitting`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """Parameters of `splitting`.

    Args:
        paths: of all replicas of a round together.
        replicas: independent ones, >= 2; the spread over them is the error bar.
        killed: share of the paths killed in an iteration, in (0, 1).
        walkers: about home, that count exits, as many as replicas at least: a replica starts from those of its own.
        stretch: time steps between two looks.
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    paths: int = 512
    replicas: int = 4
    killed: float = 0.4
    walkers: int = 256
    stretch: int = 16
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, replicas=2, stretch=1, width=1, depth=1, warm_up=1, halving=1)
        at_least(self, paths=2 * self.replicas, walkers=self.replicas)
        above_zero(self, "rate", "lift_depth", "killed")
        if not self.killed < 1:
            raise ValueError(f"killed is {self.killed}; expected a number in (0, 1).")


SPLITTING = mfbench.SolverEntry(
    name="splitting",
    task="committor",
    summary="Adaptive multilevel splitting from A and from B along the committor fitted to its own branches; gives rates.",
    source=(
        "Cerou, Guyader, Stoch. Anal. Appl. 25 (2007) 417; Brehier et al., Ann. Appl. Probab. 26 (2016) 3559; the "
        "regression of all branches' outcomes is ours."
    ),
    run="mfbench_jax.splitting:solve",
    parameters=Splitting,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
