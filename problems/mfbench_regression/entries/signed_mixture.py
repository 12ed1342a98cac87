"""The entry of `regression/signed-mixture`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import one_of

STARTS = ("good", "bad")


@dataclass(frozen=True, kw_only=True)
class SignedMixtureParameters:
    """Parameters of `regression/signed-mixture`.

    Args:
        start: "good": particles begin uniform on [-2, 2]; "bad": all at -2, within .01^(1/2).

    Raises:
        ValueError: another word.
    """

    start: str = "good"

    def __post_init__(self) -> None:
        one_of(self, "start", STARTS)


def facts(parameters: SignedMixtureParameters) -> mfbench.Facts:
    """`closed-form`: the loss is known without samples."""
    del parameters
    return mfbench.Facts(task="regression", dim=1, flags=frozenset({"closed-form"}))


SIGNED_MIXTURE = mfbench.ProblemEntry(
    name="regression/signed-mixture",
    summary="Three Gaussian bumps of both signs on a line; from the bad start plain descent does not get away.",
    formula=(
        "f = (1/3) [g(.; -2, .5) - 2 g(.; 0, 1) + g(.; 2, .5)], g(.; m, v) the normal density of variance v; units "
        "phi(x; z) = g(x; z, .5). "
        "L = (1/2) int (f - f_n)^2 dx, the Lebesgue measure on [-8, 8] (mass 16); c ~ N(0, 1) at the start, z uniform on "
        "[-2, 2] (good) or N(-2, .01) (bad); the prior of z is N(0, 1)."
    ),
    source="Rotskoff, Jelassi, Bruna, Vanden-Eijnden, arXiv 1902.01843, the mixture fit and its released notebook.",
    facts=facts,
    build="mfbench_regression.signed_mixture:build",
    judge="mfbench_regression.signed_mixture:judge",
    parameters=SignedMixtureParameters,
    instances={
        "standard": ({"start": "good"}, {"start": "bad"}),
        "full": ({"start": "good"}, {"start": "bad"}),
    },
    targets=(1e-1, 3e-2, 1e-2, 3e-3, 1e-3),
)
