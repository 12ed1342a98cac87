"""The entry of `adam-network`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least

from .demands import no_penalty


@dataclass(frozen=True, kw_only=True)
class AdamNetwork:
    """Parameters of `adam-network`.

    Args:
        width: units of every layer.
        depth: hidden layers.
        batch: fresh samples of every step.
        rate: of Adam.

    Raises:
        ValueError: a value outside its range.
    """

    width: int = 128
    depth: int = 2
    batch: int = 256
    rate: float = 3e-3

    def __post_init__(self) -> None:
        at_least(self, width=1, depth=1, batch=1)
        above_zero(self, "rate")


ADAM_NETWORK = mfbench.SolverEntry(
    name="adam-network",
    task="regression",
    summary="An ordinary perceptron in its usual parametrisation, trained by Adam on fresh samples.",
    source="Kingma, Ba, arXiv 1412.6980, algorithm 1; averaged weights: Shamir, Zhang, ICML 2013, section 4.",
    run="mfbench_jax.adam_network:solve",
    parameters=AdamNetwork,
    supports=no_penalty,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
