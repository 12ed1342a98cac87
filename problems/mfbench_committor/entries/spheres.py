"""The entry of `committor/spheres`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_number, check_temperature

LARGEST_DIM = 50
"""There q is 4^-48 and smaller where mu has its mass."""


@dataclass(frozen=True, kw_only=True)
class SpheresParameters:
    """Parameters of `committor/spheres`.

    Args:
        dim: dimension d, 3 to 50; the higher, the rarer: nu = .11, 9.6e-4 and 1.3e-9 for
            d = 6, 10 and 20 (1.9, .059 and 2.4e-7 at stiffness 10).
        temperature: T = 1 / beta, .5 to 10; where the well is flat it sets the unit of time alone.
        stiffness: of the well, 0 to 20: 10 for a quadratic well, 0 for Brownian motion in a shell.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (1 - |x|^2) / 2 and (|x|^2 - r^2) / 2r, in which the reaction coordinate can be read.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 6
    temperature: float = 2.0
    stiffness: float = 0.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 3, "in the plane q is a logarithm and nothing is rare")
        if self.dim > LARGEST_DIM:
            raise ValueError(f"dim is {self.dim}; expected at most {LARGEST_DIM}: beyond, q is below 1e-30.")
        check_temperature(self.temperature, 0.5, 10.0)
        check_number("stiffness", self.stiffness, 0.0, 20.0)
        check_levels(self.levels)


def facts(parameters: SpheresParameters) -> mfbench.Facts:
    """Reversible; a rotation would change nothing."""
    return mfbench.Facts(task="committor", dim=parameters.dim, flags=frozenset({"reversible"}))


SPHERES = mfbench.ProblemEntry(
    name="committor/spheres",
    summary="From a large sphere to a small ball inside, a target that hides in many dimensions: entropic and rare.",
    formula=(
        "V = stiffness |x|^2 for |x| < 1, A = {|x| >= 1}, B = {|x| <= 1/4}, beta = 1 / temperature; in A, where it does "
        "not count for q, V gains 200 (|x| - 1)^2, so that mu is finite. q = 1 - J(|x|) / J(1), "
        "J(r) = int_{1/4}^r e^{beta stiffness s^2} s^{1-d} ds, nu = 1 / (beta J(1) int_0^inf r^{d-1} e^{-beta V} dr); "
        "for stiffness 0, q = (|x|^{2-d} - 1) / (4^{d-2} - 1). The headline is the RMSE of logit q."
    ),
    source=(
        "Well of stiffness 10 at T = 2, d = 6: public code of the finite expression method for committors. Flat well: "
        "a test of the DASTR paper is of this kind, of other or equal radii. The wall in A is ours."
    ),
    facts=facts,
    build="mfbench_committor.spheres:build",
    judge="mfbench_committor.spheres:judge",
    second_route="mfbench_committor.spheres:second_route",
    parameters=SpheresParameters,
    instances={
        "standard": ({"dim": 10}, {"dim": 6, "stiffness": 10.0}),
        "full": (
            {"dim": 6},
            {"dim": 10},
            {"dim": 20},
            {"dim": 6, "stiffness": 10.0},
            {"dim": 10, "stiffness": 10.0},
            {"dim": 20, "stiffness": 10.0},
        ),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
