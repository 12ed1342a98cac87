"""The entry of `tensor-train`."""

import math
from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class TensorTrainParameters:
    """Parameters of `tensor-train`.

    Args:
        elements: quadratic elements of every coordinate at first, >= 4; halved level by level where needed.
        rank: largest rank of q, >= 1.
        values: points at which V may be evaluated for the density, and for each set, on a level, >= 1000.
        strength: of the penalty on the first level, > 0, in units of 1 / (length of the shortest interval)^2.
        layer: share of the way from a set's boundary to its centre over which the penalty sets in on the first
            level, in (0, 1].

    Raises:
        ValueError: a value outside its range.
    """

    elements: int = 16
    rank: int = 10
    values: int = 1_000_000
    strength: float = 1e4
    layer: float = 0.5

    def __post_init__(self) -> None:
        for name, least in (("elements", 4), ("rank", 1), ("values", 1000)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a whole number >= {least}.")
        if not (math.isfinite(self.strength) and self.strength > 0):
            raise ValueError(f"strength is {self.strength}; expected a finite number > 0.")
        if not 0 < self.layer <= 1:
            raise ValueError(f"layer is {self.layer}; expected a number in (0, 1].")


def reversible_only(facts: mfbench.Facts) -> str | None:
    """The energy int |grad q|^2 exp(-beta V) needs a drift -grad V."""
    return (
        None
        if "reversible" in facts.flags
        else "minimises int |grad q|^2 exp(-beta V), for reversible drifts only"
    )


TENSOR_TRAIN = mfbench.SolverEntry(
    name="tensor-train",
    task="committor",
    summary="Ritz energy over tensor trains by alternating minimisation, densities by cross approximation.",
    source=(
        "Chen, Hoskins, Khoo, Lindsey, J. Comput. Phys. 472 (2023) 111646, arXiv 2106.12515; coordinates, elements "
        "and sets' depths ours."
    ),
    run="mfbench_grid.tensor_train:solve",
    parameters=TensorTrainParameters,
    supports=reversible_only,
    extras=("grid",),
)
