"""The entry of `committor/arc`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class ArcParameters:
    """Parameters of `committor/arc`.

    Args:
        dim: dimension d >= 2, the plane of the arc and d - 2 Gaussian modes.
        temperature: T = 1 / beta in units of the barrier, .02 to .12; nu = 9.6e-7 at the default. Above, passages
            between A and B on the far side would be as many as a thousandth of the transitions.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves arc lengths, in which the reaction coordinate can be read.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 10
    temperature: float = 0.086
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 2, "the arc lies in a plane")
        check_temperature(self.temperature, 0.02, 0.12)
        check_levels(self.levels)


def facts(parameters: ArcParameters) -> mfbench.Facts:
    """`reducible`: the control `projected-grid` finds the hidden plane, which the normals of A and B span."""
    return mfbench.Facts(
        task="committor", dim=parameters.dim, flags=frozenset({"reversible", "rotated", "reducible"})
    )


ARC = mfbench.ProblemEntry(
    name="committor/arc",
    summary="A double well bent along an arc of 229 degrees, rotated: the straight line from A to B is a wrong path.",
    formula=(
        "theta = atan2(y, x), s = log r in one plane, z the other d - 2 coordinates: "
        "V = ((theta/2)^2 - 1)^2 + 10 s^2 + 2.5 |z|^2, A = {theta <= -2}, B = {theta >= 2}, beta = 1 / temperature, in "
        "coordinates rotated anew for every repetition; A and B meet on the half-line theta = +-pi, where a passage is no "
        "transition, and so rare that it has no wall; U = ((theta/2)^2 - 1)^2, q = int_{-2}^theta e^{beta U} / I, "
        "I = int_{-2}^2 e^{beta U}, nu = exp(-1 / (10 beta)) / (beta I int_{-pi}^pi e^{-beta U})."
    ),
    source="Ours: log(x + iy) is conformal, so the one-dimensional committor in theta solves the equation in the plane.",
    facts=facts,
    build="mfbench_committor.arc:build",
    judge="mfbench_committor.arc:judge",
    second_route="mfbench_committor.arc:second_route",
    parameters=ArcParameters,
    instances={
        "quick": ({"dim": 10},),
        "standard": ({"dim": 10},),
        "full": ({"dim": 2}, {"dim": 10}, {"dim": 50}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
