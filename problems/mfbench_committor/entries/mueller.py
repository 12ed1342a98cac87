"""The entry of `committor/mueller`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class MuellerParameters:
    """Parameters of `committor/mueller`.

    Args:
        temperature: T = 1 / beta, 5 to 40; from A the barrier is 106, so nu = 1.5e-7 at T = 5,
            4.9e-3 at 10, .60 at 20.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 10.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 5.0, 40.0)
        check_levels(self.levels)


def facts(parameters: MuellerParameters) -> mfbench.Facts:
    """Not rotated; the plane is all there is, so `reducible`: the control `projected-grid` solves it."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible", "reducible"}))


MUELLER = mfbench.ProblemEntry(
    name="committor/mueller",
    summary="The Mueller-Brown potential in the plane: a curved path over an intermediate well; grids win here.",
    formula=(
        "V = sum_i A_i exp(a_i (x-X_i)^2 + b_i (x-X_i)(y-Y_i) + c_i (y-Y_i)^2), A = (-200, -100, -170, 15), "
        "a = (-1, -1, -6.5, .7), b = (0, 0, 11, .6), c = (-10, -10, -6.5, .7), X = (1, 0, -.5, -1), "
        "Y = (0, .5, 1.5, 1), on the whole plane, without walls; A and B are the discs of radius .1 about "
        "(-.558, 1.441) and (.623, .028), the two deepest minima to three digits; beta = 1 / temperature."
    ),
    source="Mueller, Brown, Theor. Chim. Acta 53 (1979) 75; sets as in public code of later committor papers.",
    facts=facts,
    build="mfbench_committor.mueller:build",
    judge="mfbench_committor.mueller:judge",
    parameters=MuellerParameters,
    instances={
        "quick": ({"temperature": 10.0},),
        "standard": ({"temperature": 10.0},),
        "full": ({"temperature": 5.0}, {"temperature": 10.0}, {"temperature": 20.0}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
