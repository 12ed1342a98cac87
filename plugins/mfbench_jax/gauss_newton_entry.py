"""The entry of `gauss-newton`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import scalar_noise_only


@dataclass(frozen=True, kw_only=True)
class GaussNewton:
    """Parameters of `gauss-newton`.

    Args:
        windows, ladders, moves: as in `is-sgd`; ladders >= 2.
        width, depth: hidden units of a layer, hidden layers.
        looks: at the walkers whose windows x ladders points join the pool, before every other step.
        pause: looks, the last of which is one of those; the others only let the walkers move on.
        pool: points at most that a step uses, the newest ones.
        spread_power: weights of squared residuals are proportional to (f (1 - f))^spread_power; 0 to 2.
        largest_change: of z in one step, at most, at all but a twentieth of the points.
        symmetric: where the coordinates are those of identical particles, the network is given functions that do not tell
            them apart (`mfbench/particles.py`); else, and without, it is given the coordinates.

    Raises:
        ValueError: a value outside its range.
    """

    windows: int = 16
    ladders: int = 24
    moves: int = 4
    width: int = 40
    depth: int = 2
    looks: int = 3
    pause: int = 4
    pool: int = 5000
    spread_power: float = 0.5
    largest_change: float = 2.0
    symmetric: bool = True

    def __post_init__(self) -> None:
        at_least(self, windows=3, ladders=2, moves=1, width=1, depth=1, looks=1, pause=1, pool=1)
        above_zero(self, "largest_change")
        if not 0.0 <= self.spread_power <= 2.0:
            raise ValueError(f"spread_power is {self.spread_power}; expected a number from 0 to 2.")


GAUSS_NEWTON = mfbench.SolverEntry(
    name="gauss-newton",
    task="committor",
    summary="Backward Kolmogorov equation, led to by the Ritz energy or hotter processes, by Gauss-Newton on pooled points.",
    source=(
        "Walkers: Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334. Damping: Nielsen, IMM-REP-1999-05; bent steps: "
        "Transtrum, Sethna, arXiv 1201.5885. Distances for boundary values: Sukumar, Srivastava, arXiv 2104.08426. The "
        "search for them, the cooling, the combination and the pool are ours."
    ),
    run="mfbench_jax.gauss_newton:solve",
    parameters=GaussNewton,
    supports=scalar_noise_only,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
