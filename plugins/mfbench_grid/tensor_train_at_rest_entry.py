"""The entry of `tensor-train-at-rest`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least
from mfbench.demands import one_elliptic_equation


@dataclass(frozen=True, kw_only=True)
class TensorTrainAtRestParameters:
    """Parameters of `tensor-train-at-rest`.

    Args:
        nodes: along each axis on the first level, >= 16; 2^(1/2) times as many on every further one.
        step_share: time step of the first level times the norm of the drift's Jacobian; halved level by level.
        levels: at most, >= 1.
        accuracy: least residual of a pivot of a cross approximation, in units of the largest density.
        rank: bonds grow until one reaches it, and by a few pivots more at the end of a search; answers whose trains
            reach it say so by "unseen".

    Raises:
        ValueError: a value outside its range.
    """

    nodes: int = 72
    step_share: float = 0.4
    levels: int = 6
    accuracy: float = 1e-9
    rank: int = 40

    def __post_init__(self) -> None:
        at_least(self, nodes=16, levels=1, rank=1)
        above_zero(self, "step_share", "accuracy")


def resting_only(facts: mfbench.Facts) -> str | None:
    """Ranks are bounded by nothing but luck; ten coordinates are what has been tried."""
    if facts.dim > 10:
        return f"ranks grow with the dimension; ten is what has been tried, d is {facts.dim}"
    return one_elliptic_equation(facts)


TENSOR_TRAIN_AT_REST = mfbench.SolverEntry(
    name="tensor-train-at-rest",
    task="fokker-planck",
    summary="Split steps of a density held as a tensor train, brought to rest at frozen pivots; steps extrapolated to 0.",
    source=(
        "Chertkov, Oseledets, arXiv 2102.08143, for the splitting; Dolgov, Savostyanov, Comput. Phys. Commun. 246 (2020) "
        "106869; Walker, Ni, SIAM J. Numer. Anal. 49 (2011) 1715; frame, frozen pivots and extrapolation ours."
    ),
    run="mfbench_grid.tensor_train_at_rest:solve",
    parameters=TensorTrainAtRestParameters,
    supports=resting_only,
    extras=("grid",),
)
