"""The entry of `fokker-planck/benes`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class BenesParameters:
    """Parameters of `fokker-planck/benes`.

    Args:
        dim: dimension d.

    Raises:
        ValueError: a dimension outside 1 ... 100.
    """

    dim: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= 100:
            raise ValueError(f"dim is {self.dim}; expected a whole number from 1 to 100.")


def benes_facts(parameters: BenesParameters) -> mfbench.Facts:
    """`reducible`: log p_t less log h is a quadratic, so that integrals of the drift and a quadratic give it."""
    flags = {"transient", "rotated", "reducible", "gradient"}
    if parameters.dim == 1:
        flags.add("separable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


BENES = mfbench.ProblemEntry(
    name="fokker-planck/benes",
    summary="The Benes family: a Gaussian that splits into up to six, exactly known in any dimension.",
    formula=(
        "dX = grad log h dt + dW, h = sum_k w_k cosh(a_k . x), |a_k| = 1; K = min(d, 3), w = 1, 1/2, 1/4; a_1 = e_1, "
        "a_2 = (e_1 + 2 e_2)/sqrt 5, a_3 = (e_1 - e_2 + e_3)/sqrt 3, in coordinates rotated anew for every repetition. "
        "p_t = h N(m, (1/4 + t) I) / Z_t, Z_t = e^((1/4 + t)/2) sum_k w_k cosh(a_k . m), m = .3 a_1; t = .5, 1, 3."
    ),
    source="Benes, Stochastics 5 (1981) 65; in d = 1. Constants are ours.",
    facts=benes_facts,
    build="mfbench_fokker_planck.benes:build",
    judge="mfbench_fokker_planck.benes:judge",
    parameters=BenesParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 10}),
        "full": ({"dim": 1}, {"dim": 2}, {"dim": 10}, {"dim": 50}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
