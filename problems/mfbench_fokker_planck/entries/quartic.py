"""The entry of `fokker-planck/quartic`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class QuarticParameters:
    """Parameters of `fokker-planck/quartic`.

    Args:
        dim: dimension d.

    Raises:
        ValueError: a dimension outside 1 ... 100.
    """

    dim: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= 100:
            raise ValueError(f"dim is {self.dim}; expected a whole number from 1 to 100.")


def quartic_facts(parameters: QuarticParameters) -> mfbench.Facts:
    """The density is a product, in coordinates that are hidden."""
    return mfbench.Facts(
        task="fokker-planck",
        dim=parameters.dim,
        flags=frozenset({"transient", "rotated", "gradient", "separable"}),
    )


QUARTIC = mfbench.ProblemEntry(
    name="fokker-planck/quartic",
    summary="A Gaussian falls into 2^d wells of unlike depth: a product law, in coordinates that are hidden.",
    formula=(
        "dX = -grad V dt + sqrt(2) dW, V = .06 sum_i (x_i^4 - 16 x_i^2 + 5 x_i) in coordinates rotated anew for every "
        "repetition, D = 1, X_0 ~ N(0, I), t = .25, 1, 4."
    ),
    source="Liu et al., Neural parametric Fokker-Planck equations, arXiv 2002.11309; D, times and the rotation are ours.",
    facts=quartic_facts,
    build="mfbench_fokker_planck.quartic:build",
    judge="mfbench_fokker_planck.quartic:judge",
    parameters=QuarticParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 10}),
        "full": ({"dim": 1}, {"dim": 2}, {"dim": 10}, {"dim": 50}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
