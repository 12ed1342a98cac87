"""The entry of `finite-volume` for Fokker-Planck problems."""

from dataclasses import dataclass

import mfbench
from mfbench.demands import scalar_noise_only, stationary_only, three_dimensions_at_most


@dataclass(frozen=True, kw_only=True)
class FiniteVolumeParameters:
    """Parameters of `finite-volume` on Fokker-Planck problems.

    Args:
        cells: along each axis of the first grid, >= 5; every further grid doubles it.
        max_nodes: no grid has more; the default (1025^2, 65^3) needs 1 GB of memory.
        extrapolate: remove the error of order h^2 (Richardson) once three grids confirm the order.
        max_pairs: edges times nodes of the largest grid on which particles interact; the default (4097 nodes, 65^2) needs
            300 MB of memory.

    Raises:
        ValueError: fewer cells than the splines need.
    """

    cells: int = 8
    max_nodes: int = 1_100_000
    extrapolate: bool = True
    max_pairs: int = 36_000_000

    def __post_init__(self) -> None:
        if self.cells < 5:
            raise ValueError(f"cells is {self.cells}; expected >= 5, what a quintic spline needs.")


def stationary_on_a_grid(facts: mfbench.Facts) -> str | None:
    """These fluxes need the stationary law and noise of one strength in all directions."""
    return three_dimensions_at_most(facts) or stationary_only(facts) or scalar_noise_only(facts)


FINITE_VOLUME = mfbench.SolverEntry(
    name="finite-volume",
    task="fokker-planck",
    summary="Scharfetter-Gummel finite volumes on ever finer grids, extrapolated; positive and conservative.",
    source="Scharfetter, Gummel, IEEE Trans. Electron Devices 16 (1969) 64; Chang, Cooper, J. Comput. Phys. 6 (1970) 1.",
    run="mfbench_grid.fokker_planck_finite_volume:solve",
    parameters=FiniteVolumeParameters,
    supports=stationary_on_a_grid,
    extras=("grid",),
)
