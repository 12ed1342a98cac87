"""The entry of `semigroup`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class Semigroup:
    """Parameters of `semigroup`.

    Args:
        lag: time steps of a trajectory.
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    lag: int = 64
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, lag=1, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


SEMIGROUP = mfbench.SolverEntry(
    name="semigroup",
    task="committor",
    summary="A network trained on q(x) = E q(X at a short time later), squares estimated from two independent trajectories.",
    source="Li, Khoo, Ren, Ying, arXiv 2012.06727; two shots against the bias of squares: Baird, ICML 1995, 30.",
    run="mfbench_jax.semigroup:solve",
    parameters=Semigroup,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
