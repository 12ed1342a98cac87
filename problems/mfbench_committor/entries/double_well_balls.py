"""The entry of `committor/double-well-balls`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_temperature

LARGEST_DIM = 20
"""There the default balls hold 7e-5 of mu at the default temperature; beyond, ever less."""
RADII = (0.3, 0.95)
"""Smaller balls are invisible; larger ones nearly touch."""


@dataclass(frozen=True, kw_only=True)
class DoubleWellBallsParameters:
    """Parameters of `committor/double-well-balls`.

    The balls must hold enough of mu to be found. At the defaults 7.3 % of mu lies in A u B and q
    is 1.1e-4 at a typical point of the left well: rare, and A is found before the barrier is
    crossed. At radius .2, as in print (there beta = 10 as well), it is 6e-7 of mu, a walker crosses
    many times before it meets either ball, and at T = .2 the constant 1/2 has a wRMSE of 4e-4.

    Args:
        dim: dimension d, 3 to 20.
        temperature: T = 1 / beta in units of the barrier, .05 to .3.
        radius: of the balls, .3 to .95.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 10
    temperature: float = 0.1
    radius: float = 0.8
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 3, "below that there is no radius to hide")
        if self.dim > LARGEST_DIM:
            raise ValueError(
                f"dim is {self.dim}; expected at most {LARGEST_DIM}: beyond, the balls hold next to nothing of mu."
            )
        check_temperature(self.temperature, 0.05, 0.3)
        if not (math.isfinite(self.radius) and RADII[0] <= self.radius <= RADII[1]):
            raise ValueError(f"radius is {self.radius!r}; expected a number from {RADII[0]} to {RADII[1]}.")
        check_levels(self.levels)


def facts(parameters: DoubleWellBallsParameters) -> mfbench.Facts:
    """Reversible and rotated."""
    return mfbench.Facts(task="committor", dim=parameters.dim, flags=frozenset({"reversible", "rotated"}))


DOUBLE_WELL_BALLS = mfbench.ProblemEntry(
    name="committor/double-well-balls",
    summary="A double well among soft modes with balls for sets: q depends on x1 and on the distance from its axis.",
    formula=(
        "V = (x1^2 - 1)^2 + 0.3 sum_{i>=2} x_i^2, A = {|x + e1| <= radius}, B = {|x - e1| <= radius}, "
        "beta = 1 / temperature, in coordinates rotated anew for every repetition; q = q(x1, r), r = |x_2..d|, "
        "solves div(r^(d-2) e^{-beta V} grad q) = 0 in the half plane r >= 0; q(-x1, r) = 1 - q(x1, r)."
    ),
    source="Potential of Khoo, Lu, Ying, arXiv 1802.10275; balls as in later tests, radius and temperature ours.",
    facts=facts,
    build="mfbench_committor.double_well_balls:build",
    judge="mfbench_committor.double_well_balls:judge",
    second_route="mfbench_committor.double_well_balls:second_route",
    parameters=DoubleWellBallsParameters,
    # In quick as the one that no control solves: its place is the headline there.
    instances={"quick": ({"dim": 10},), "standard": ({"dim": 10},), "full": ({"dim": 10},)},
    targets=(1e-1, 1e-2, 1e-3, 1e-4),
)
