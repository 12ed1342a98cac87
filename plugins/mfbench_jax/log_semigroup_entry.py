"""The entry of `log-semigroup`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class LogSemigroup:
    """Parameters of `log-semigroup`.

    Args:
        chains: of swarms at a time, half of them from A and half from B, >= 2.
        swarm: trajectories from one place, >= 2.
        lag: time steps of a trajectory.
        walkers: about each of the sets, that count exits, >= 2.
        unbiased: the slope of the loss by log q is 1 - mean / q, not 2 (log q - log mean).
        width, depth, rate, warm_up, halving, lift_depth: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    chains: int = 64
    swarm: int = 16
    lag: int = 32
    walkers: int = 128
    unbiased: bool = True
    width: int = 64
    depth: int = 2
    rate: float = 1e-3
    warm_up: int = 50
    halving: int = 500
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, chains=2, swarm=2, lag=1, walkers=2, width=1, depth=1, warm_up=1, halving=1)
        above_zero(self, "rate", "lift_depth")


LOG_SEMIGROUP = mfbench.SolverEntry(
    name="log-semigroup",
    task="committor",
    summary="Logarithms of q and 1 - q regressed on those of swarms' means along chains from A and from B; gives rates.",
    source="Mitchell, Rotskoff, Committor guided estimates of molecular transition rates, J. Chem. Theory Comput. (2024).",
    run="mfbench_jax.log_semigroup:solve",
    parameters=LogSemigroup,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
