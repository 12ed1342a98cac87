"""The entry of `committor/two-channel-quartic`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class TwoChannelQuarticParameters:
    """Parameters of `committor/two-channel-quartic`.

    Args:
        temperature: T = 1 / beta, .05 to .3; the default is 1200 K where energies are electron volts.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 0.1034076
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 0.05, 0.3)
        check_levels(self.levels)


def facts(parameters: TwoChannelQuarticParameters) -> mfbench.Facts:
    """Not rotated; the plane is all there is, so `reducible`: the control `projected-grid` solves it."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"reversible", "reducible"}))


TWO_CHANNEL_QUARTIC = mfbench.ProblemEntry(
    name="committor/two-channel-quartic",
    summary="A polynomial with two channels around a hill, whose barriers differ by a tenth.",
    formula=(
        "V = .05 y + [4 (1 - x^2 - y^2)^2 + 2 (x^2 - 2)^2 + ((x+y)^2 - 1)^2 + ((x-y)^2 - 1)^2 - 2] / 6 on the whole "
        "plane; A and B are the discs of radius .05 about (-1.118029, -.002857) and (1.118029, -.002857); "
        "beta = 1 / temperature; q(-x, y) = 1 - q(x, y)."
    ),
    source=(
        "Public code of a committor paper; the polynomial without its tilt .05 y, to our knowledge, of Park, Sener, "
        "Lu, Schulten, J. Chem. Phys. 119 (2003) 1313."
    ),
    facts=facts,
    build="mfbench_committor.two_channel_quartic:build",
    judge="mfbench_committor.two_channel_quartic:judge",
    second_route="mfbench_committor.two_channel_quartic:second_route",
    parameters=TwoChannelQuarticParameters,
    instances={"standard": ({},), "full": ({},)},
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
