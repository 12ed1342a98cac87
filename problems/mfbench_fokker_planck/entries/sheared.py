"""The entry of `fokker-planck/sheared`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero


@dataclass(frozen=True, kw_only=True)
class ShearedParameters:
    """Parameters of `fokker-planck/sheared`.

    Args:
        dim: dimension d, even.
        strength: of the shears.

    Raises:
        ValueError: an odd dimension, or one outside 2 ... 100; a strength that is not above 0.
    """

    dim: int = 2
    strength: float = 0.5

    def __post_init__(self) -> None:
        if self.dim % 2 or not 2 <= self.dim <= 100:
            raise ValueError(f"dim is {self.dim}; expected an even number from 2 to 100.")
        above_zero(self, "strength")


def sheared_facts(parameters: ShearedParameters) -> mfbench.Facts:
    """No control solves it: a headline. Noise depends on the place."""
    return mfbench.Facts(
        task="fokker-planck",
        dim=parameters.dim,
        flags=frozenset({"transient", "rotated", "multiplicative", "anisotropic"}),
    )


SHEARED = mfbench.ProblemEntry(
    name="fokker-planck/sheared",
    summary="A bent Ornstein-Uhlenbeck process: banana-shaped at all times, noise that depends on the place.",
    formula=(
        "X = R Phi(Y), dY = A (c - Y) dt + dW, Y_0 ~ N((1, ..., 1)/2, I/4); c = (-1, ..., -1)/2; A = diag, equally spaced "
        "from 1/2 to 3/2. Y = (u, v), two halves of d/2 coordinates. Phi: v <- v + a (s^2 - 1) with s = W u, then "
        "u <- u + 2 a sin(s) with s = W' v; a = strength, W and W' orthogonal (d/2, d/2), R orthogonal (d, d), all drawn "
        "anew for every repetition. Both shears have unit Jacobian, so p_X(x, t) = p_Y(Phi^-1(R^T x), t); drift and noise "
        "sigma(x) = R J, J = dPhi/dy, by Ito's formula; D = sigma sigma^T / 2. t = .1, .3, 1."
    ),
    source="Ours: a Gaussian law mapped by two shears, so that it stays known.",
    facts=sheared_facts,
    build="mfbench_fokker_planck.sheared:build",
    judge="mfbench_fokker_planck.sheared:judge",
    parameters=ShearedParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 10}),
        "full": ({"dim": 2}, {"dim": 10}, {"dim": 50}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
