"""The entry of `committor/mueller-circulation`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature

STRONGEST = 10.0


@dataclass(frozen=True, kw_only=True)
class MuellerCirculationParameters:
    """Parameters of `committor/mueller-circulation`.

    Args:
        temperature: T = 1 / beta, 5 to 40.
        circulation: kappa, the strength of the drift along the level lines of V relative to that down them,
            -10 to 10 and not 0; the committor for -kappa is 1 minus the backward committor for kappa.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 10.0
    circulation: float = 1.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 5.0, 40.0)
        if not 0.0 < abs(self.circulation) <= STRONGEST:
            raise ValueError(
                f"circulation is {self.circulation!r}; expected a number from -{STRONGEST:g} to {STRONGEST:g}, not 0 "
                "(without circulation this is committor/mueller)."
            )
        check_levels(self.levels)


def facts(parameters: MuellerCirculationParameters) -> mfbench.Facts:
    """Not reversible; not rotated, the plane is all there is."""
    del parameters
    return mfbench.Facts(task="committor", dim=2)


MUELLER_CIRCULATION = mfbench.ProblemEntry(
    name="committor/mueller-circulation",
    summary="The Mueller-Brown potential stirred along its level lines: same law, no detailed balance, no Ritz form.",
    formula=(
        "dX = (-grad V + circulation J grad V) dt + sqrt(2 / beta) dW, J = [[0, 1], [-1, 0]]; V, A and B as in "
        "committor/mueller; the law is e^{-beta V} / Z as without stirring, the committor is not; "
        "beta = 1 / temperature."
    ),
    source="Potential of Mueller, Brown, Theor. Chim. Acta 53 (1979) 75; the circulation is ours.",
    facts=facts,
    build="mfbench_committor.mueller_circulation:build",
    judge="mfbench_committor.mueller_circulation:judge",
    parameters=MuellerCirculationParameters,
    instances={
        "standard": ({"circulation": 1.0},),
        "full": ({"circulation": 1.0}, {"circulation": 5.0}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
