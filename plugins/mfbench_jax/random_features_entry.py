"""The entry of `random-features`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least

from .demands import no_penalty


@dataclass(frozen=True, kw_only=True)
class RandomFeatures:
    """Parameters of `random-features`.

    Args:
        features: units whose parameters stay as they are drawn.
        batch: samples between two checkpoints.
        ridge: of the normal equations, relative to the features' mean square, divided by the number of samples.

    Raises:
        ValueError: a value outside its range.
    """

    features: int = 512
    batch: int = 2048
    ridge: float = 1.0

    def __post_init__(self) -> None:
        at_least(self, features=1, batch=1)
        above_zero(self, "ridge")


RANDOM_FEATURES = mfbench.SolverEntry(
    name="random-features",
    task="regression",
    summary="Least squares in units whose parameters are drawn once and never move, with a ridge.",
    source="Rahimi, Recht, NeurIPS 2008, weighted sums of random kitchen sinks.",
    run="mfbench_jax.random_features:solve",
    parameters=RandomFeatures,
    supports=no_penalty,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
