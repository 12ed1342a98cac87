"""The entry of `fokker-planck/kuramoto`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class KuramotoParameters:
    """Parameters of `fokker-planck/kuramoto`.

    Args:
        ratio: K / D, coupling by noise; the transition is at 2.

    Raises:
        ValueError: a ratio outside [0, 10], or so near the transition that the answer loses its digits.
    """

    ratio: float = 3.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.ratio <= 10.0 or abs(self.ratio - 2.0) < 0.01:
            raise ValueError(
                f"ratio is {self.ratio}; expected a number in [0, 10] that differs from 2 by .01 or more."
            )


def kuramoto_facts(parameters: KuramotoParameters) -> mfbench.Facts:
    """Nonlinear, on the circle; one coordinate is a product."""
    del parameters
    return mfbench.Facts(
        task="fokker-planck", dim=1, flags=frozenset({"stationary", "interacting", "periodic", "separable"})
    )


KURAMOTO = mfbench.ProblemEntry(
    name="fokker-planck/kuramoto",
    summary="Noisy oscillators pulled towards each other, on the circle: uniform, or a hump where they started.",
    formula=(
        "dX = K int sin(y - X) p(y) dy dt + sqrt(2 D) dW on [-pi, pi) with ends joined, D = 1/2; p = exp(kappa "
        "cos(x - psi)) / (2 pi I_0(kappa)), kappa = K r / D, r = I_1(kappa) / I_0(kappa), 0 for K <= 2 D. psi, "
        "drawn anew for every repetition, is the middle of the start points, 32 of them equally spaced in psi +- "
        ".8."
    ),
    source="Sakaguchi, Prog. Theor. Phys. 79 (1988) 39; Bertini, Giacomin, Pakdaman, J. Stat. Phys. 138 (2010) 270.",
    facts=kuramoto_facts,
    build="mfbench_fokker_planck.kuramoto:build",
    judge="mfbench_fokker_planck.kuramoto:judge",
    parameters=KuramotoParameters,
    instances={
        "standard": ({"ratio": 1.0}, {"ratio": 3.0}),
        "full": tuple({"ratio": ratio} for ratio in (1.0, 1.9, 2.2, 2.5, 3.0, 4.0, 6.0)),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
)
