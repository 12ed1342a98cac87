"""The entry of `finite-volume` for committor problems."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero
from mfbench.demands import scalar_noise_only, three_dimensions_at_most


@dataclass(frozen=True, kw_only=True)
class CommittorFiniteVolumeParameters:
    """Parameters of `finite-volume` on committor problems.

    Args:
        margin: kT above the pass between A and B up to which nodes are kept; the wall put there
            changes q by about exp(-margin), relatively.
        extrapolate: remove the error of order h^2 (Richardson) once three grids confirm the order.

    Raises:
        ValueError: a margin that is not a finite number > 0.
    """

    margin: float = 20.0
    extrapolate: bool = True

    def __post_init__(self) -> None:
        above_zero(self, "margin")


def up_to_three_dimensions(facts: mfbench.Facts) -> str | None:
    """A grid has N^d nodes, and fluxes between them are those of noise of one strength along every edge."""
    return scalar_noise_only(facts) or three_dimensions_at_most(facts)


FINITE_VOLUME = mfbench.SolverEntry(
    name="finite-volume",
    task="committor",
    summary="Finite volumes with edges cut at A and B on ever finer grids, graded about small sets, extrapolated.",
    source="Shortley, Weller, J. Appl. Phys. 9 (1938) 334; Scharfetter, Gummel, IEEE Trans. Electron Devices 16 (1969) 64.",
    run="mfbench_grid.committor_finite_volume:solve",
    parameters=CommittorFiniteVolumeParameters,
    supports=up_to_three_dimensions,
    extras=("grid",),
)
