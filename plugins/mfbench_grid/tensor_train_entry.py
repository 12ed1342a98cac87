"""The entry of `tensor-train`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import reversible_only


@dataclass(frozen=True, kw_only=True)
class TensorTrainParameters:
    """Parameters of `tensor-train`.

    Args:
        elements: quadratic elements of every coordinate at first, >= 4; halved level by level where needed.
        rank: q's ranks grow until the product of two neighbouring ones is the square of this, >= 1.
        values: points at which V, and a boundary function, may be evaluated for one train, >= 1000.
        sharpness: of the walls about A and B on the first level, > 0: logarithm of the penalty's growth from a set's
            boundary to its centre.

    Raises:
        ValueError: a value outside its range.
    """

    elements: int = 16
    rank: int = 10
    values: int = 1_000_000
    sharpness: float = 6.0

    def __post_init__(self) -> None:
        at_least(self, elements=4, rank=1, values=1000)
        above_zero(self, "sharpness")


TENSOR_TRAIN = mfbench.SolverEntry(
    name="tensor-train",
    task="committor",
    summary="Ritz energy over tensor trains by alternating minimisation, densities by cross approximation.",
    source=(
        "Chen, Hoskins, Khoo, Lindsey, J. Comput. Phys. 472 (2023) 111646, arXiv 2106.12515; coordinates, elements "
        "and walls ours."
    ),
    run="mfbench_grid.tensor_train:solve",
    parameters=TensorTrainParameters,
    supports=reversible_only,
    extras=("grid",),
)
