"""The entry of `pinn`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least, finite_from


@dataclass(frozen=True, kw_only=True)
class Pinn:
    """Parameters of `pinn`.

    Args:
        windows, ladders, moves: as in `is-sgd`.
        hottest: temperature, in units of the given one, at which training starts, >= 1.
        cooling: updates in which it falls to 1.
        width, depth, rate, warm_up, halving: as in `shooting`.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    hottest: float = 20.0
    cooling: int = 600
    width: int = 64
    depth: int = 2
    rate: float = 3e-3
    warm_up: int = 50
    halving: int = 1000

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, warm_up=1, halving=1, cooling=1)
        above_zero(self, "rate")
        finite_from(self, hottest=1.0)


PINN = mfbench.SolverEntry(
    name="pinn",
    task="committor",
    summary="Residual of the backward Kolmogorov equation by Adam, on walkers in umbrella windows along the solution.",
    source=(
        "Raissi, Perdikaris, Karniadakis, J. Comput. Phys. 378 (2019) 686, on the equation for the logit; Laplacian: Li et "
        "al., Nature Machine Intelligence 6 (2024) 209; walkers: Rotskoff et al., arXiv 2008.06334."
    ),
    run="mfbench_jax.pinn:solve",
    parameters=Pinn,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
