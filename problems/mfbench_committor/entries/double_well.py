"""The entry of `committor/double-well`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class DoubleWellParameters:
    """Parameters of `committor/double-well`.

    Args:
        dim: dimension d >= 2.
        temperature: T = 1 / beta in units of the barrier, .02 to 2.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves x1 + 1 and 1 - x1, in which the reaction coordinate can be read.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 10
    temperature: float = 0.2
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 2, "below that there is nothing to hide x1 in")
        check_temperature(self.temperature, 0.02, 2.0)
        check_levels(self.levels)


def facts(parameters: DoubleWellParameters) -> mfbench.Facts:
    """`reducible`: the control `projected-grid` reads x1 off the flat boundaries, whatever the levels.

    `separable`: V is a function of x1, on which alone A and B depend, plus one of the other coordinates.
    """
    return mfbench.Facts(
        task="committor",
        dim=parameters.dim,
        flags=frozenset({"reversible", "rotated", "reducible", "separable"}),
    )


STANDARD = (
    {"dim": 10},
    {"dim": 20},
    {"dim": 50},
    {"dim": 100},
    {"dim": 20, "temperature": 0.05},
)

DOUBLE_WELL = mfbench.ProblemEntry(
    name="committor/double-well",
    summary="One double well among harmonic modes, rotated: exact at any dimension and rarity.",
    formula=(
        "V = (x1^2 - 1)^2 + 0.3 sum_{i>=2} x_i^2, A = {x1 <= -1}, B = {x1 >= 1}, beta = 1 / temperature, in "
        "coordinates rotated anew for every repetition; q = int_{-1}^{x1} e^{beta (s^2-1)^2} ds / I, "
        "I = int_{-1}^1 e^{beta (s^2-1)^2} ds, nu = 1 / (beta I int_R e^{-beta (s^2-1)^2} ds)."
    ),
    source="Khoo, Lu, Ying, arXiv 1802.10275 (coefficient of the harmonic modes as in later tests); rotation ours.",
    facts=facts,
    build="mfbench_committor.double_well:build",
    judge="mfbench_committor.double_well:judge",
    second_route="mfbench_committor.double_well:second_route",
    parameters=DoubleWellParameters,
    instances={
        "standard": STANDARD,
        "full": STANDARD,
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
