"""The entry of `committor/duffing`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench_committor.entries.checks import check_levels, check_number


@dataclass(frozen=True, kw_only=True)
class DuffingParameters:
    """Parameters of `committor/duffing`.

    Args:
        beta: inverse temperature, 10 to 30; the barrier is 1/4.
        levels: "scrambled" multiplies the boundary functions by random positive factors; "exact"
            leaves (((x -+ 1) / .3)^2 + (p / .4)^2 - 1) .15.

    Raises:
        ValueError: a value outside these ranges.
    """

    beta: float = 20.0
    levels: str = "scrambled"

    def __post_init__(self) -> None:
        check_number("beta", self.beta, 10.0, 30.0)
        check_levels(self.levels)


def facts(parameters: DuffingParameters) -> mfbench.Facts:
    """Not reversible, noise in p only; not rotated, the coordinates are place and momentum."""
    del parameters
    return mfbench.Facts(task="committor", dim=2, flags=frozenset({"anisotropic", "hypoelliptic"}))


DUFFING = mfbench.ProblemEntry(
    name="committor/duffing",
    summary="A particle with inertia in a double well: noise acts on its momentum alone, and q turns in phase space.",
    formula=(
        "dx = p dt, dp = (x - x^3 - p / 2) dt + sqrt(1 / beta) dW, that is V = H = p^2 / 2 + x^4 / 4 - x^2 / 2, "
        "circulation (p, x - x^3), mobility diag(0, 1/2); A = {((x + 1) / .3)^2 + (p / .4)^2 <= 1}, B the same "
        "about (1, 0); no wall; q(-x, -p) = 1 - q(x, p)."
    ),
    source="Sets, friction and beta as in public code of the Cameron group, where a wall reflects at H = .5.",
    facts=facts,
    build="mfbench_committor.duffing:build",
    judge="mfbench_committor.duffing:judge",
    parameters=DuffingParameters,
    instances={"standard": ({"beta": 20.0}, {"beta": 10.0}), "full": ({"beta": 20.0}, {"beta": 10.0})},
    targets=(1e-1, 1e-2, 1e-3, 1e-4),
)
