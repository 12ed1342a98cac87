"""The entry of `committor/mueller`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature

DISCS = {
    "minima": ((-0.558, 1.441), (0.623, 0.028), 0.1),
    "offset": ((-0.5, 1.5), (0.5, 0.0), 0.1),
    "offset-wide": ((-0.5, 1.5), (0.5, 0.0), 0.2),
    "narrow": ((-0.5, 1.5), (0.6, 0.08), 0.025),
}
"""Centre of A, centre of B and radius, by name: the sets that papers and public codes take.

"minima" are the two deepest minima to three digits, (-.55822, 1.44173) and (.62350, .02804). Rates hardly differ,
committors near A and B do: errors are comparable for the same sets only.
"""


@dataclass(frozen=True, kw_only=True)
class MuellerParameters:
    """Parameters of `committor/mueller`.

    Args:
        temperature: T = 1 / beta, 5 to 40; from A the barrier is 106, so nu = 1.5e-7 at T = 5,
            4.9e-3 at 10, .60 at 20.
        discs: which A and B; one of `DISCS`.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 10.0
    discs: str = "minima"
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 5.0, 40.0)
        check_levels(self.levels)
        if self.discs not in DISCS:
            raise ValueError(f"discs is {self.discs!r}; expected one of {', '.join(map(repr, DISCS))}.")


def facts(parameters: MuellerParameters) -> mfbench.Facts:
    """Not rotated; the plane is all there is, so `reducible`: the control `projected-grid` solves it."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible", "reducible"}))


OTHER_DISCS = tuple({"temperature": 10.0, "discs": name} for name in DISCS if name != "minima")

MUELLER = mfbench.ProblemEntry(
    name="committor/mueller",
    summary="The Mueller-Brown potential in the plane: a curved path over an intermediate well; grids win here.",
    formula=(
        "V = sum_i A_i exp(a_i (x-X_i)^2 + b_i (x-X_i)(y-Y_i) + c_i (y-Y_i)^2), A = (-200, -100, -170, 15), "
        "a = (-1, -1, -6.5, .7), b = (0, 0, 11, .6), c = (-10, -10, -6.5, .7), X = (1, 0, -.5, -1), "
        "Y = (0, .5, 1.5, 1), on the whole plane, without walls; A and B are the discs of radius .1 about "
        "(-.558, 1.441) and (.623, .028), the two deepest minima to three digits; [discs=offset]: of radius .1 about "
        "(-.5, 1.5) and (.5, 0); offset-wide: of radius .2 there; narrow: of radius .025 about (-.5, 1.5) and "
        "(.6, .08); beta = 1 / temperature, so V / 10 at beta = 1 is T = 10 with its times divided by 10."
    ),
    source="Mueller, Brown, Theor. Chim. Acta 53 (1979) 75; sets as in public code of later committor papers.",
    facts=facts,
    build="mfbench_committor.mueller:build",
    judge="mfbench_committor.mueller:judge",
    second_route="mfbench_committor.mueller:second_route",
    parameters=MuellerParameters,
    instances={
        "quick": ({"temperature": 10.0},),
        "standard": ({"temperature": 10.0}, {"temperature": 5.0}, {"temperature": 10.0, "discs": "offset"}),
        "full": ({"temperature": 5.0}, {"temperature": 10.0}, {"temperature": 20.0}, *OTHER_DISCS),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
