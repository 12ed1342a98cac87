"""The entry of `committor/lj7`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_number


@dataclass(frozen=True, kw_only=True)
class LJ7Parameters:
    """Parameters of `committor/lj7`.

    A reference is stored for beta = 5, as in print; other values can be built and solved, but not judged.

    Args:
        beta: inverse temperature in units of the depth of a pair's well, 4 to 10.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|m - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    beta: float = 5.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_number("beta", self.beta, 4.0, 10.0)
        check_levels(self.levels)


def facts(parameters: LJ7Parameters) -> mfbench.Facts:
    """Reversible; not rotated, the coordinates are those of seven particles."""
    del parameters
    return mfbench.Facts(task="committor", dim=14, flags=frozenset({"reversible"}))


LJ7 = mfbench.ProblemEntry(
    name="committor/lj7",
    summary="Seven Lennard-Jones particles in the plane go from a trapezoid to a hexagon; labels do not matter.",
    formula=(
        "x = (x_1, ..., x_7) in the plane, X their mean, s_ij = |x_i - x_j|^2: V = sum_{i<j} u(s_ij) "
        "+ 50 sum_i max(|x_i - X| - 2, 0)^2 + |sum_i x_i|^2 / 14; u(s) = 4 (s^-6 - s^-3) for s >= .64, below it the Taylor "
        "parabola of u about .64, so V is finite; no walls. c_i = sum_{j != i} 1 / (1 + (s_ij / 2.25)^4), "
        "m_k = sum_i (c_i - mean c)^k / 7; A = {|(m_2, m_3) - (.5526, -.0935)| <= .1034} about the trapezoid, "
        "B = {|(m_2, m_3) - (.7184, 1.1607)| <= .07275} about the hexagon. "
        "q, nu by simulation (mfbench_committor.shooting)."
    ),
    source=(
        "Dellago, Bolhuis, Chandler, J. Chem. Phys. 108 (1998) 9236; variables, discs and beta of public code of the "
        "Cameron group; switching function, confinement, spring and core are ours."
    ),
    facts=facts,
    build="mfbench_committor.lj7:build",
    judge="mfbench_committor.lj7:judge",
    parameters=LJ7Parameters,
    instances={"standard": ({"beta": 5.0},), "full": ({"beta": 5.0},)},
    targets=(1e-1, 5e-2),
)
