"""The entry of `fokker-planck/linear`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench

DIMENSIONS = (1, 2, 3, 5)


@dataclass(frozen=True, kw_only=True)
class LinearParameters:
    """Parameters of `fokker-planck/linear`.

    Args:
        dim: dimension d, one of 1, 2, 3, 5: for each there is one matrix in print.

    Raises:
        ValueError: another dimension.
    """

    dim: int = 3

    def __post_init__(self) -> None:
        if self.dim not in DIMENSIONS:
            raise ValueError(f"dim is {self.dim}; expected one of {', '.join(map(str, DIMENSIONS))}.")


def facts(parameters: LinearParameters) -> mfbench.Facts:
    """`reducible`: a Gaussian, which every closure of moments finds; a product along the axes of its covariance."""
    flags = {"stationary", "rotated", "reducible", "separable"}
    if parameters.dim == 1:
        flags.add("gradient")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


LINEAR = mfbench.ProblemEntry(
    name="fokker-planck/linear",
    summary="Ornstein-Uhlenbeck with a drift matrix that is not symmetric: a Gaussian under a current.",
    formula=(
        "b = -B x, D = 1/2, p = N(0, W) with B W + W B^T = I; B = 1 (d = 1), [[1, .5], [0, 1]] (d = 2), "
        "[[1.5, 0, 0], [0, 1, 0], [.5, .3, 1]] (d = 3), diag(1.5, 1, 1, 1, 1) with last row (.5, .3, .2, 0, 1) (d = 5); "
        "rotated anew for every repetition. Box [-5, 5]^d."
    ),
    source="Chertkov, Oseledets, arXiv 2102.08143 (fpcross); there unrotated, run from N(0, I) to T = 5.",
    facts=facts,
    build="mfbench_fokker_planck.linear:build",
    judge="mfbench_fokker_planck.linear:judge",
    parameters=LinearParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 5}),
        "full": tuple({"dim": dim} for dim in DIMENSIONS),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
)
