"""The entry of `regression/three-spin`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import at_least, one_of

UNITS = ("sigmoid", "relu", "gaussian")


@dataclass(frozen=True, kw_only=True)
class ThreeSpinParameters:
    """Parameters of `regression/three-spin`.

    Args:
        dim: dimension d >= 2 of the sphere's space.
        tensor: 0 for one that is drawn anew for every repetition; else the number of one that all repetitions share, so
            that they differ by the solver's randomness alone.
        unit: "sigmoid" or "relu" of a . x + b, or "gaussian" exp(-alpha |x - z|^2 / 2) with z on the sphere.

    Raises:
        ValueError: dim below 2; a negative number; another word.
    """

    dim: int = 5
    tensor: int = 0
    unit: str = "sigmoid"

    def __post_init__(self) -> None:
        if self.dim < 2:
            raise ValueError(f"dim is {self.dim}; expected a whole number >= 2.")
        at_least(self, tensor=0)
        one_of(self, "unit", UNITS)


def facts(parameters: ThreeSpinParameters) -> mfbench.Facts:
    """`rotated`: the tensor is drawn anew for every repetition."""
    flags = frozenset() if parameters.tensor else frozenset({"rotated"})
    return mfbench.Facts(task="regression", dim=parameters.dim, flags=flags)


THREE_SPIN = mfbench.ProblemEntry(
    name="regression/three-spin",
    summary="A random cubic form on a sphere: the test of trainability and of errors ~ 1/n in up to 25 dimensions.",
    formula=(
        "f = (1/d) sum_pqr a_pqr x_p x_q x_r, a_pqr independent N(0, 1), drawn anew for every repetition; x uniform on the "
        "sphere of radius d^(1/2). Units sigmoid(a . x + b) or max(a . x + b, 0), at the start a ~ N(0, 4 / d), "
        "b ~ N(0, 1), or exp(-alpha |x - z|^2 / 2), alpha = 5 / d, z uniform on the same sphere; c ~ N(0, 1)."
    ),
    source="Rotskoff, Vanden-Eijnden, arXiv 1805.00915, section 4.",
    facts=facts,
    build="mfbench_regression.three_spin:build",
    judge="mfbench_regression.three_spin:judge",
    parameters=ThreeSpinParameters,
    instances={
        "standard": ({"dim": 5}, {"dim": 10}, {"dim": 25}),
        "full": tuple({"dim": dim, "unit": unit} for dim in (5, 10, 15, 20, 25) for unit in UNITS),
    },
    targets=(1.0, 0.3, 0.1, 0.03, 0.01),
)
