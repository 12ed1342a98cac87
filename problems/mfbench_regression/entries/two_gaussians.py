"""The entry of `regression/two-gaussians`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class TwoGaussiansParameters:
    """Parameters of `regression/two-gaussians`.

    Args:
        dim: dimension d >= 3.
        delta: Delta, half the gap between the two standard deviations, above 0 and below 1.

    Raises:
        ValueError: a number outside its range.
    """

    dim: int = 40
    delta: float = 0.4

    def __post_init__(self) -> None:
        if self.dim < 3:
            raise ValueError(f"dim is {self.dim}; expected a whole number >= 3.")
        if not 0.0 < self.delta < 1.0:
            raise ValueError(f"delta is {self.delta!r}; expected a number above 0 and below 1.")


def facts(parameters: TwoGaussiansParameters) -> mfbench.Facts:
    """`noisy`: y is no function of x; `fixed-weights`: c may not move."""
    return mfbench.Facts(task="regression", dim=parameters.dim, flags=frozenset({"noisy", "fixed-weights"}))


TWO_GAUSSIANS = mfbench.ProblemEntry(
    name="regression/two-gaussians",
    summary="Two centred Gaussians told apart by their width: the risk of infinitely many units is known exactly.",
    formula=(
        "y = 1 or -1 with probability 1/2, x ~ N(0, (1 + y Delta)^2 I). Units phi(x; w) = "
        "-2.5 + 10 min(max(w . x - .5, 0), 1), c = 1 fixed; w ~ N(0, .64 I / d) at the start. f = E[y | x]; R* = min "
        "E(y - f_n)^2 over measures of w."
    ),
    source="Mei, Montanari, Nguyen, arXiv 1804.06561, centred isotropic Gaussians.",
    facts=facts,
    build="mfbench_regression.two_gaussians:build",
    judge="mfbench_regression.two_gaussians:judge",
    parameters=TwoGaussiansParameters,
    instances={
        "standard": ({"dim": 40, "delta": 0.4},),
        "full": tuple({"dim": dim, "delta": delta} for dim in (40, 320) for delta in (0.2, 0.3, 0.4, 0.45)),
    },
    targets=(1.0, 0.5, 0.3, 0.1, 0.03),
)
