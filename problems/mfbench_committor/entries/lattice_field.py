"""The entry of `committor/lattice-field`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class LatticeFieldParameters:
    """Parameters of `committor/lattice-field`.

    References are stored for the standing instances (presets `standard` and `full`); others can be built
    and solved, but not judged.

    Args:
        temperature: T = 1 / beta, .05 to .4; the barrier is 4.67.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves the distances from the two planes.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 0.35
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 0.05, 0.4)
        check_levels(self.levels)


def facts(parameters: LatticeFieldParameters) -> mfbench.Facts:
    """Reversible; not rotated, the coordinates are the field's values on a lattice."""
    del parameters
    return mfbench.Facts(task="committor", dim=144, flags=frozenset({"reversible"}))


LATTICE_FIELD = mfbench.ProblemEntry(
    name="committor/lattice-field",
    summary="A magnet of 12 x 12 sites between two edges that hold it down and two that hold it up.",
    formula=(
        "x_{ij}, i, j = 1..12: V = sum_{ij} (1 - x_{ij}^2)^2 / 4 + (1/2) sum (x_s - x_t)^2 over pairs of neighbours; "
        "sites of the edge have fixed neighbours beyond it, x_{0j} = x_{13,j} = -1, x_{i0} = x_{i,13} = 1; no walls. "
        "m = mean of the 144 values, A = {m <= -.35}, B = {m >= .35}; beta = 1 / temperature; q(-x^T) = 1 - q(x), "
        "q(x) = q(x mirrored along i or j). q, nu by simulation (mfbench_committor.shooting)."
    ),
    source=(
        "Rotskoff, Mitchell, Vanden-Eijnden, arXiv 2008.06334 and its public code, which has no sets and T = .05, where no "
        "simulation sees a passage; the sets and temperatures are ours."
    ),
    facts=facts,
    build="mfbench_committor.lattice_field:build",
    judge="mfbench_committor.lattice_field:judge",
    parameters=LatticeFieldParameters,
    instances={
        "standard": ({"temperature": 0.35},),
        "full": ({"temperature": 0.35}, {"temperature": 0.3}),
    },
    targets=(1e-1, 5e-2),
)
