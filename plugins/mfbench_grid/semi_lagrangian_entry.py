"""The entry of `semi-lagrangian`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import one_equation_in_time, three_dimensions_at_most


@dataclass(frozen=True, kw_only=True)
class SemiLagrangianParameters:
    """Parameters of `semi-lagrangian`.

    Args:
        cells: along each axis of the first grid, >= 6; every further grid has half as many again.
        step: of the first run at most, times the median norm of the drift's Jacobian at draws of the start; then shorter
            by 3/2, 2, 3, 4, ...
        max_nodes: no grid has more.

    Raises:
        ValueError: fewer cells than the splines need, or a step of no length.
    """

    cells: int = 128
    step: float = 0.5
    max_nodes: int = 1_100_000

    def __post_init__(self) -> None:
        at_least(self, cells=6)
        above_zero(self, "step")


def even_noise_in_low_dimensions(facts: mfbench.Facts) -> str | None:
    """A grid has n^d nodes, and noise is one convolution only where it is the same everywhere."""
    if "multiplicative" in facts.flags:
        return "noise is a convolution here, and must not depend on the place"
    return three_dimensions_at_most(facts) or one_equation_in_time(facts)


SEMI_LAGRANGIAN = mfbench.SolverEntry(
    name="semi-lagrangian",
    task="fokker-planck",
    summary="The density carried along the drift's paths and blurred by noise in turn, on grids that follow the law.",
    source=(
        "Sonnendruecker, Roche, Bertrand, Ghizzo, J. Comput. Phys. 149 (1999) 201, section 2; conservative: Crouseilles, "
        "Mehrenberger, Sonnendruecker, J. Comput. Phys. 229 (2010) 1927."
    ),
    run="mfbench_grid.semi_lagrangian:solve",
    parameters=SemiLagrangianParameters,
    supports=even_noise_in_low_dimensions,
    extras=("grid",),
)
