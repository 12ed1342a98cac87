"""The entry of `committor/triple-well`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_number


@dataclass(frozen=True, kw_only=True)
class TripleWellParameters:
    """Parameters of `committor/triple-well`.

    The inverse temperature is a parameter, not the temperature, so that the two values in print are kept
    to the digit.

    Args:
        beta: inverse temperature, 1 to 10; nu = 9.1e-8 at 6.67, .020 at 1.67.
        radius: of the discs, .1 to .6; .2 and .5 are in print.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    beta: float = 6.67
    radius: float = 0.2
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_number("beta", self.beta, 1.0, 10.0)
        check_number("radius", self.radius, 0.1, 0.6)
        check_levels(self.levels)


def facts(parameters: TripleWellParameters) -> mfbench.Facts:
    """Not rotated; the plane is all there is, so `reducible`: the control `projected-grid` solves it."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible", "reducible"}))


TRIPLE_WELL = mfbench.ProblemEntry(
    name="committor/triple-well",
    summary="Two channels in the plane, one by way of a third well: cold, the flux takes it; hot, the other one.",
    formula=(
        "V = 3 exp(-x^2 - (y-1/3)^2) - 3 exp(-x^2 - (y-5/3)^2) - 5 exp(-(x-1)^2 - y^2) - 5 exp(-(x+1)^2 - y^2) "
        "+ .2 x^4 + .2 (y-1/3)^4 on the whole plane; A and B are the discs of a radius about (-1, 0) and (1, 0); "
        "q(-x, y) = 1 - q(x, y)."
    ),
    source=(
        "Potential and both beta: Metzner, Schuette, Vanden-Eijnden, J. Chem. Phys. 125 (2006) 084110; radius .2 as "
        "in public code of the chain-of-swarms committor, .5 as in that of the fast committor machine."
    ),
    facts=facts,
    build="mfbench_committor.triple_well:build",
    judge="mfbench_committor.triple_well:judge",
    second_route="mfbench_committor.triple_well:second_route",
    parameters=TripleWellParameters,
    instances={
        "standard": ({"beta": 6.67}, {"beta": 1.67, "radius": 0.5}),
        "full": ({"beta": 6.67}, {"beta": 6.67, "radius": 0.5}, {"beta": 1.67, "radius": 0.5}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
