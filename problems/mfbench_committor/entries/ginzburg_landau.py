"""The entry of `committor/ginzburg-landau`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_temperature

WIDTHS = (0.01, 0.25)
"""Below, a wall falls between two sites; at 1 / pi = .318 the two minima merge."""


@dataclass(frozen=True, kw_only=True)
class GinzburgLandauParameters:
    """Parameters of `committor/ginzburg-landau`.

    References are stored for the standing instances (presets `standard` and `full`); others can be built
    and solved, but not judged.

    Args:
        dim: number of sites d >= 4.
        temperature: T = 1 / beta; at d = 50, nu = 3.26e-3 at T = 8 and .0505 at 16.
        width: lambda, half the width of a wall between the phases in units of the chain's length, .01 to .25.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|U - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 50
    temperature: float = 16.0
    width: float = 0.03
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 4, "fewer sites are no chain")
        check_temperature(self.temperature, 0.1, 100.0)
        if not (math.isfinite(self.width) and WIDTHS[0] <= self.width <= WIDTHS[1]):
            raise ValueError(f"width is {self.width!r}; expected a number from {WIDTHS[0]} to {WIDTHS[1]}.")
        check_levels(self.levels)


def facts(parameters: GinzburgLandauParameters) -> mfbench.Facts:
    """Reversible; not rotated, the coordinates are the field's values along the chain."""
    return mfbench.Facts(task="committor", dim=parameters.dim, flags=frozenset({"reversible"}))


GINZBURG_LANDAU = mfbench.ProblemEntry(
    name="committor/ginzburg-landau",
    summary="A chain of double wells with walls that diffuse along it: A and B are balls about its two minima.",
    formula=(
        "V(U) = sum_{i=1}^{d+1} (width / 2) ((U_i - U_{i-1}) / h)^2 + sum_{i=1}^d (1 - U_i^2)^2 / (4 width), "
        "U_0 = U_{d+1} = 0, h = 1 / (d + 1), without walls; A and B are the balls of radius 2.5 sqrt((d + 1) / 51) about "
        "the minimisers U_- = -U_+ and U_+ > 0, 2.5 at d = 50; beta = 1 / temperature; q(-U) = 1 - q(U), also with the "
        "chain reversed. q, nu by simulation (mfbench_committor.shooting)."
    ),
    source="Chen, Hoskins, Khoo, Lindsey, arXiv 2106.12515, constants as in public code; the sets' scaling with d is ours.",
    facts=facts,
    build="mfbench_committor.ginzburg_landau:build",
    judge="mfbench_committor.ginzburg_landau:judge",
    parameters=GinzburgLandauParameters,
    instances={
        "standard": ({"temperature": 16.0}, {"temperature": 8.0}),
        "full": (
            {"temperature": 16.0},
            {"temperature": 8.0},
            {"dim": 8, "temperature": 1.4, "width": 0.17},
        ),
    },
    targets=(2e-1, 1e-1, 5e-2),
)
