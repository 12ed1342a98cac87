"""The entry of `tensor-train` for Fokker-Planck problems."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import one_equation_in_time, scalar_noise_only


@dataclass(frozen=True, kw_only=True)
class TensorTrainInTimeParameters:
    """Parameters of `tensor-train` on laws in time.

    Args:
        nodes: along each axis, >= 16.
        steps: to the horizon on the first level, >= 2, and at least two from each time asked to the next; doubled level by
            level.
        levels: at most, >= 1.
        accuracy: least residual of a pivot of a cross approximation, in units of the largest density.

    Raises:
        ValueError: a value outside its range.
    """

    nodes: int = 80
    steps: int = 4
    levels: int = 8
    accuracy: float = 1e-10

    def __post_init__(self) -> None:
        at_least(self, nodes=16, steps=2, levels=1)
        above_zero(self, "accuracy")


def moving_only(facts: mfbench.Facts) -> str | None:
    """Ranks are bounded by nothing but luck; fifty coordinates are what has been tried."""
    if not 2 <= facts.dim <= 50:
        return f"a train has at least two cores and was tried up to fifty; d is {facts.dim}"
    return one_equation_in_time(facts) or scalar_noise_only(facts)


TENSOR_TRAIN_IN_TIME = mfbench.SolverEntry(
    name="tensor-train",
    task="fokker-planck",
    summary="Strang splitting of a density held as a tensor train, by cross approximation along characteristics.",
    source=(
        "Chertkov, Oseledets, arXiv 2102.08143; Dolgov, Savostyanov, Comput. Phys. Commun. 246 (2020) 106869; frame "
        "and extrapolation ours."
    ),
    run="mfbench_grid.fokker_planck_tensor_train:solve",
    parameters=TensorTrainInTimeParameters,
    supports=moving_only,
    extras=("grid",),
)
