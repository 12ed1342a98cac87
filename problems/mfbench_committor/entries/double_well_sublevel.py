"""The entry of `committor/double-well-sublevel`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_number

LARGEST_DIM = 20


@dataclass(frozen=True, kw_only=True)
class DoubleWellSublevelParameters:
    """Parameters of `committor/double-well-sublevel`.

    At beta = 3, as in print, nothing is rare: the barrier is 3 kT, and what takes time is to find the sets, which hold
    3.6e-4 of mu; q is near 1/2 nearly everywhere, and the best constant has a wRMSE of .08. At beta = 10 they hold 5 % and
    nu = 2.0e-5.

    Args:
        dim: dimension d, 3 to 20.
        beta: inverse temperature, 3 to 20.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves V - .2, with a smooth step between the wells.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 10
    beta: float = 3.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 3, "below that there is no radius to hide")
        if self.dim > LARGEST_DIM:
            raise ValueError(
                f"dim is {self.dim}; expected at most {LARGEST_DIM}: beyond, the sets hold next to nothing of mu."
            )
        check_number("beta", self.beta, 3.0, 20.0)
        check_levels(self.levels)


def facts(parameters: DoubleWellSublevelParameters) -> mfbench.Facts:
    """Reversible and rotated."""
    return mfbench.Facts(task="committor", dim=parameters.dim, flags=frozenset({"reversible", "rotated"}))


DOUBLE_WELL_SUBLEVEL = mfbench.ProblemEntry(
    name="committor/double-well-sublevel",
    summary="A double well among soft modes with the bottoms of its wells for sets: hard to find rather than far apart.",
    formula=(
        "V = (x1^2 - 1)^2 + 0.3 sum_{i>=2} x_i^2, A = {V <= .2, x1 < 0}, B = {V <= .2, x1 > 0}, no wall, in coordinates "
        "rotated anew for every repetition; q = q(x1, r), r = |x_2..d|, solves div(r^(d-2) e^{-beta V} grad q) = 0 in the "
        "half plane r >= 0; q(-x1, r) = 1 - q(x1, r)."
    ),
    source=(
        "Potential of Khoo, Lu, Ying, arXiv 1802.10275; sublevel sets at beta = 3 as in later public code, whose reflecting "
        "wall at V = 2 is left out; beta = 10 is ours."
    ),
    facts=facts,
    build="mfbench_committor.double_well_sublevel:build",
    judge="mfbench_committor.double_well_sublevel:judge",
    second_route="mfbench_committor.double_well_sublevel:second_route",
    parameters=DoubleWellSublevelParameters,
    instances={"standard": ({"beta": 3.0},), "full": ({"beta": 3.0}, {"beta": 10.0})},
    targets=(1e-2, 1e-3, 1e-4),
)
