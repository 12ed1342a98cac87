"""The entry of `committor/face`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class FaceParameters:
    """Parameters of `committor/face`.

    In print the plane is cut along V = 12 by a reflecting wall, of which a solver cannot be told. At
    T = 1 the region beyond holds 4.6e-6 of mu, and cutting the plane there changes nu by less than 3e-5.

    Args:
        temperature: T = 1 / beta, .5 to 1.5.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 1.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 0.5, 1.5)
        check_levels(self.levels)


def facts(parameters: FaceParameters) -> mfbench.Facts:
    """Not rotated; the plane is all there is, so `reducible`: the control `projected-grid` solves it."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible", "reducible"}))


FACE = mfbench.ProblemEntry(
    name="committor/face",
    summary="Two wells and a wide basin away from the path between them, a kinetic trap.",
    formula=(
        "V = f g1 g2 g3 g4 with f = (1-x)^2 + (y - .25 x^2)^2 + 1, g1 = 1 - exp(-.125 ((x+3)^2 + (y-3)^2)), "
        "g2 = 1 - exp(-.25 (x^2 + (y-4.5)^2)), g3 = 1.2 - exp(-2 (x^2 + (y-2)^2)), "
        "g4 = 1 + exp(-2 (x+1.5)^2 - (y-3.5)^2 - (x+1)(y-3.5)) on the whole plane, without walls; A and B are the "
        "discs of radius .5 about (-3, 3) and (0, 4.5), the two deepest minima; beta = 1 / temperature."
    ),
    source="Public code of M. Cameron on transition path theory by finite elements; there with a wall at V = 12.",
    facts=facts,
    build="mfbench_committor.face:build",
    judge="mfbench_committor.face:judge",
    second_route="mfbench_committor.face:second_route",
    parameters=FaceParameters,
    instances={"standard": ({"temperature": 1.0},), "full": ({"temperature": 1.0},)},
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
