"""The entry of `committor/dimer`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class DimerParameters:
    """Parameters of `committor/dimer`.

    Args:
        temperature: T = 1 / beta, .25 to 2.5; the barrier of the bond is 5, so nu = 7.7e-2 at T = 1
            and 2.6e-8 at .25.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (r^2 - r_A^2) / 2 r_A and (r_B^2 - r^2) / 2 r_B.

    Raises:
        ValueError: a value outside these ranges.
    """

    temperature: float = 1.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_temperature(self.temperature, 0.25, 2.5)
        check_levels(self.levels)


def facts(parameters: DimerParameters) -> mfbench.Facts:
    """Reversible; not rotated, the coordinates are those of two particles."""
    del parameters
    return mfbench.Facts(task="committor", dim=6, flags=frozenset({"reversible"}))


DIMER = mfbench.ProblemEntry(
    name="committor/dimer",
    summary="Two particles with a bistable bond in space: q depends on their distance alone, in six coordinates.",
    formula=(
        "x = (x_1, x_2), r = |x_1 - x_2|: V = 5 (1 - (r - r0 - w)^2 / w^2)^2 + |x_1 + x_2|^2 / 4, r0 = 2^(1/6), "
        "w = r0 / 2, A = {r <= r0}, B = {r >= r0 + 2 w}, beta = 1 / temperature, no walls; with U the bond's energy "
        "q = int_{r0}^r e^{beta U} s^-2 ds / I, I the same up to r0 + 2 w, "
        "nu = 2 / (beta I int_0^inf e^{-beta U} s^2 ds): r diffuses with twice a particle's mobility."
    ),
    source=(
        "Bond of Dellago, Bolhuis, Chandler, J. Chem. Phys. 110 (1999) 6617, with the constants of public code "
        "beside arXiv 2008.06334, where a periodic box of edge 10 holds the centre of mass; its spring is ours."
    ),
    facts=facts,
    build="mfbench_committor.dimer:build",
    judge="mfbench_committor.dimer:judge",
    second_route="mfbench_committor.dimer:second_route",
    parameters=DimerParameters,
    instances={
        "standard": ({"temperature": 1.0},),
        "full": ({"temperature": 1.0}, {"temperature": 0.25}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
