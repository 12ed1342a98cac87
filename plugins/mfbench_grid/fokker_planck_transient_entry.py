"""The entry of `finite-volume-in-time`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import one_equation_in_time, three_dimensions_at_most


@dataclass(frozen=True, kw_only=True)
class FiniteVolumeInTimeParameters:
    """Parameters of `finite-volume-in-time`.

    Args:
        cells: along each axis of the first grid, >= 6; every further grid doubles it, and the number of steps with it.
        courant: cells that the median drift crosses in a step of the first grid.
        max_nodes: no grid has more.
        extrapolate: remove the error of order h^2 + dt^2 (Richardson) once three grids confirm the order.

    Raises:
        ValueError: fewer cells than the splines need, or a step of no length.
    """

    cells: int = 16
    courant: float = 1.0
    max_nodes: int = 1_100_000
    extrapolate: bool = True

    def __post_init__(self) -> None:
        at_least(self, cells=6)
        above_zero(self, "courant")


def low_dimensions_in_time(facts: mfbench.Facts) -> str | None:
    """A grid has n^d nodes; the stationary method is another."""
    return three_dimensions_at_most(facts) or one_equation_in_time(facts)


FINITE_VOLUME_IN_TIME = mfbench.SolverEntry(
    name="finite-volume-in-time",
    task="fokker-planck",
    summary="Scharfetter-Gummel finite volumes in time by alternating directions, on ever finer grids, extrapolated.",
    source=(
        "Scharfetter, Gummel, IEEE Trans. Electron Devices 16 (1969) 64; Craig, Sneyd, Comput. Math. Appl. 16 (1988) 341; "
        "Bonnet, Mirebeau, Constr. Approx. (2023), for noise that is drawn out."
    ),
    run="mfbench_grid.fokker_planck_transient:solve",
    parameters=FiniteVolumeInTimeParameters,
    supports=low_dimensions_in_time,
    extras=("grid",),
)
