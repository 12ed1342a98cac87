"""The entry of `committor/solvated-dimer`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class SolvatedDimerParameters:
    """Parameters of `committor/solvated-dimer`.

    A reference is stored for T = 1, as in print; other values can be built and solved, but not judged.

    Args:
        temperature: T = 1 / beta, .5 to 2; the barrier of the bond is 5.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (r^2 - r_A^2) / 2 r_A and (r_B^2 - r^2) / 2 r_B.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 1.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 0.5, 2.0)
        check_levels(self.levels)


def facts(parameters: SolvatedDimerParameters) -> mfbench.Facts:
    """Reversible; not rotated, the coordinates are those of particles."""
    del parameters
    return mfbench.Facts(task="committor", dim=96, flags=frozenset({"reversible"}))


SOLVATED_DIMER = mfbench.ProblemEntry(
    name="committor/solvated-dimer",
    summary="Two particles with a bistable bond among thirty that repel: a dense periodic box, 96 coordinates.",
    formula=(
        "x = (x_1, ..., x_32) in space, r = |x_1 - x_2|: V = 5 (1 - (r - r0 - w)^2 / w^2)^2 + sum of u(s_ij) over all other "
        "pairs, r0 = 2^(1/6), w = .25, s_ij the squared length of the shortest x_i - x_j + 4 k, k integer in each "
        "coordinate (density 1/2); u(s) = 4 (s^-6 - s^-3) + 1 for s <= r0^2, 0 beyond, below s = .64 its Taylor parabola "
        "about .64, so V is finite. A = {r <= r0}, B = {r >= r0 + 2 w}, beta = 1 / temperature, no walls: V and q are "
        "periodic in x_3, ..., x_32 and x_1 + x_2, and the law is that of one cell. "
        "q, nu by simulation (mfbench_committor.shooting)."
    ),
    source=(
        "Dellago, Bolhuis, Chandler, J. Chem. Phys. 110 (1999) 6617; particles, box and w of Lin, Ren, arXiv 2404.06206, "
        "and its public code; the barrier of `dimer`, a bond without repulsion, and the core are ours."
    ),
    facts=facts,
    build="mfbench_committor.solvated_dimer:build",
    judge="mfbench_committor.solvated_dimer:judge",
    parameters=SolvatedDimerParameters,
    instances={"standard": ({"temperature": 1.0},), "full": ({"temperature": 1.0},)},
    targets=(1e-1, 5e-2, 3e-2),
)
