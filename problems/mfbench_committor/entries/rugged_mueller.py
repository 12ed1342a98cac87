"""The entry of `committor/rugged-mueller`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_dim, check_levels, check_temperature


@dataclass(frozen=True, kw_only=True)
class RuggedMuellerParameters:
    """Parameters of `committor/rugged-mueller`.

    Args:
        dim: dimension d >= 2, the plane of the potential and d - 2 stiff Gaussian modes.
        temperature: T = 1 / beta, 5 to 40; nu = 4.6e-3 at T = 10, .59 at 20, 4.1 at 40.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (|x - c|^2 - a^2) / 2a.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 10
    temperature: float = 10.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_dim(self.dim, 2, "the potential fills a plane")
        check_temperature(self.temperature, 5.0, 40.0)
        check_levels(self.levels)


def facts(parameters: RuggedMuellerParameters) -> mfbench.Facts:
    """`reducible`: the control `projected-grid` finds the hidden plane, which the normals of A and B span."""
    return mfbench.Facts(
        task="committor", dim=parameters.dim, flags=frozenset({"reversible", "rotated", "reducible"})
    )


RUGGED_MUELLER = mfbench.ProblemEntry(
    name="committor/rugged-mueller",
    summary="The Mueller-Brown potential with ripples of about T in a hidden plane, among stiff Gaussian modes.",
    formula=(
        "V = V_M(x1, x2) + 9 sin(10 pi x1) sin(10 pi x2) + sum_{i>=3} x_i^2 / (2 * .05^2), V_M the Mueller-Brown "
        "potential: V_M = sum_i A_i exp(a_i (x-X_i)^2 + b_i (x-X_i)(y-Y_i) + c_i (y-Y_i)^2), A = (-200, -100, -170, "
        "15), a = (-1, -1, -6.5, .7), b = (0, 0, 11, .6), c = (-10, -10, -6.5, .7), X = (1, 0, -.5, -1), "
        "Y = (0, .5, 1.5, 1); on the whole space, without walls, in coordinates rotated anew for every repetition; "
        "A and B are the cylinders of radius .1 about (-.5582236, 1.4417258) and (.6234994, .0280378) in (x1, x2), "
        "minima of V_M; beta = 1 / temperature."
    ),
    source=(
        "Li, Lin, Ren, arXiv 1906.06285; sets as in public code of Lin, Ren, arXiv 2404.06206, where the plane is "
        "cut to [-1.5, 1] x [-.5, 2]. Whole space and rotation ours."
    ),
    facts=facts,
    build="mfbench_committor.rugged_mueller:build",
    judge="mfbench_committor.rugged_mueller:judge",
    second_route="mfbench_committor.rugged_mueller:second_route",
    parameters=RuggedMuellerParameters,
    instances={
        "standard": ({"dim": 10}, {"dim": 10, "temperature": 20.0}),
        "full": ({"dim": 10}, {"dim": 10, "temperature": 20.0}, {"dim": 10, "temperature": 40.0}),
    },
    targets=(1e-1, 1e-2, 1e-3, 1e-4),
)
