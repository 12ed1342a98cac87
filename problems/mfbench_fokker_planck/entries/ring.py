"""The entry of `fokker-planck/ring`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class RingParameters:
    """Parameters of `fokker-planck/ring`.

    Args:
        dim: dimension d >= 2.

    Raises:
        ValueError: dim below 2, where there is no plane to rotate in.
    """

    dim: int = 2

    def __post_init__(self) -> None:
        if self.dim < 2:
            raise ValueError(f"dim is {self.dim}; expected a whole number >= 2: the drift rotates a plane.")


def ring_facts(parameters: RingParameters) -> mfbench.Facts:
    """`reducible`: the control `line-integral` solves it, so it is a ladder and gives no headline."""
    return mfbench.Facts(
        task="fokker-planck",
        dim=parameters.dim,
        flags=frozenset({"stationary", "rotated", "reducible"}),
    )


RING = mfbench.ProblemEntry(
    name="fokker-planck/ring",
    summary="Invariant law on a sphere of radius 1 under a rotating drift: neither gradient nor separable.",
    formula=(
        "b = -grad V + A x, V = (|x|^2 - 1)^2, D = 1/2, A x = (x_2, -x_1, 0, ..., 0) in coordinates that are "
        "rotated anew for every repetition; p = exp(-2 V) / K_d for every antisymmetric A. Box [-2, 2]^d."
    ),
    source="Zhai, Dobson, Li, arXiv 2012.10696, the ring example; one rotated plane in d > 2.",
    facts=ring_facts,
    build="mfbench_fokker_planck.ring:build",
    judge="mfbench_fokker_planck.ring:judge",
    parameters=RingParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 4}),
        "full": ({"dim": 2}, {"dim": 3}, {"dim": 4}, {"dim": 6}, {"dim": 10}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
