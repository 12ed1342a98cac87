"""The entry of `fokker-planck/chain`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least


@dataclass(frozen=True, kw_only=True)
class ChainParameters:
    """Parameters of `fokker-planck/chain`.

    Args:
        dim: sites d >= 2.
        beta: inverse temperature, 0.5 to 8.
        coupling: g, 0 to 4.

    Raises:
        ValueError: a value outside these ranges.
    """

    dim: int = 50
    beta: float = 4.0
    coupling: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, dim=2)
        for name, low, high in (("beta", 0.5, 8.0), ("coupling", 0.0, 4.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; expected a number in [{low}, {high}].")


def facts(parameters: ChainParameters) -> mfbench.Facts:
    """Not rotated: the sites mean something. A gradient, so the shape of log p is a line integral; log Z is not.

    Without coupling the sites are independent.
    """
    flags = {"stationary", "gradient"}
    if parameters.coupling == 0:
        flags.add("separable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


CHAIN = mfbench.ProblemEntry(
    name="fokker-planck/chain",
    summary="A chain of coupled double wells, a discretised Ginzburg-Landau field: what is -log p per site?",
    formula=(
        "V = sum_i (x_i^2 - 1)^2 / 4 + (g / 2) sum_{i<d} (x_{i+1} - x_i)^2, b = -grad V, D = 1 / beta, "
        "p = exp(-beta V) / Z; landmarks x = 0 and x = (1, ..., 1), where an error counts in nats per site."
    ),
    source="Shape as in Chen, Hoskins, Khoo, Lindsey, arXiv 2312.07455; constants fixed here.",
    facts=facts,
    build="mfbench_fokker_planck.chain:build",
    judge="mfbench_fokker_planck.chain:judge",
    parameters=ChainParameters,
    instances={
        "standard": ({"dim": 10}, {"dim": 50}),
        "full": tuple({"dim": dim, "beta": beta} for beta in (1.0, 4.0) for dim in (10, 50, 100)),
    },
    targets=(10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
