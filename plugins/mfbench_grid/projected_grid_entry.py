"""The entry of `projected-grid`, a control."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero
from mfbench.demands import reversible_only


@dataclass(frozen=True, kw_only=True)
class ProjectedGridParameters:
    """Parameters of `projected-grid`.

    Args:
        margin: kT above the pass between A and B on the plane up to which nodes are kept.

    Raises:
        ValueError: a margin that is not a finite number > 0.
    """

    margin: float = 20.0

    def __post_init__(self) -> None:
        above_zero(self, "margin")


PROJECTED_GRID = mfbench.SolverEntry(
    name="projected-grid",
    task="committor",
    summary="Finite volumes on a plane laid by the normals of A and B and one Hessian of V; projected.",
    source=(
        "Reaction planes with quadratic modes across: Miller, Handy, Adams, J. Chem. Phys. 72 (1980) 99, of which this is "
        "the flat case; the rest as `finite-volume`."
    ),
    run="mfbench_grid.projected_grid:solve",
    parameters=ProjectedGridParameters,
    supports=reversible_only,
    extras=("grid",),
    control=True,
)
