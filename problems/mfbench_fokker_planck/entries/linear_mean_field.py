"""The entry of `fokker-planck/linear-mean-field`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class LinearMeanFieldParameters:
    """Parameters of `fokker-planck/linear-mean-field`.

    Args:
        dim: dimension d.

    Raises:
        ValueError: a dimension outside 1 ... 200.
    """

    dim: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= 200:
            raise ValueError(f"dim is {self.dim}; expected a whole number from 1 to 200.")


def linear_mean_field_facts(parameters: LinearMeanFieldParameters) -> mfbench.Facts:
    """`reducible`: the control `gaussian-closure` is exact here, so it is a ladder and gives no headline.

    An isotropic Gaussian is a product along any axes.
    """
    return mfbench.Facts(
        task="fokker-planck",
        dim=parameters.dim,
        flags=frozenset({"transient", "rotated", "interacting", "reducible", "separable"}),
    )


LINEAR_MEAN_FIELD = mfbench.ProblemEntry(
    name="fokker-planck/linear-mean-field",
    summary="Linear attraction to a centre and to each other: the simplest nonlinear equation, in any dimension.",
    formula=(
        "dX = -a X dt - k (X - E X) dt + sqrt(2 D) dW, a = 1/2, k = 1, D = 1/2, X_0 ~ N(m_0, I), |m_0| = 2 in a direction "
        "drawn anew for every repetition, t = .25, 1, 4; N(m_0 e^{-a t}, v I), v = 1/3 + 2/3 e^{-3 t}."
    ),
    source=(
        "Frank, Nonlinear Fokker-Planck Equations, Springer 2005, 5.2; as a test in d = 2 ... 100: arXiv 2603.16186. The "
        "constants are ours."
    ),
    facts=linear_mean_field_facts,
    build="mfbench_fokker_planck.linear_mean_field:build",
    judge="mfbench_fokker_planck.linear_mean_field:judge",
    parameters=LinearMeanFieldParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 20}),
        "full": ({"dim": 1}, {"dim": 2}, {"dim": 5}, {"dim": 20}, {"dim": 100}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
