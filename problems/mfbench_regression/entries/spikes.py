"""The entries of `regression/spikes-circle` and `regression/spikes-torus`."""

import math
from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class SpikesCircleParameters:
    """Parameters of `regression/spikes-circle`.

    Args:
        penalty: lambda > 0.

    Raises:
        ValueError: a number outside its range.
    """

    penalty: float = 0.3

    def __post_init__(self) -> None:
        if not (self.penalty > 0 and math.isfinite(self.penalty)):
            raise ValueError(f"penalty is {self.penalty!r}; expected a finite number > 0.")


@dataclass(frozen=True, kw_only=True)
class SpikesTorusParameters:
    """Parameters of `regression/spikes-torus`.

    Args:
        penalty: lambda >= 0.

    Raises:
        ValueError: a number outside its range.
    """

    penalty: float = 1.0

    def __post_init__(self) -> None:
        if not (self.penalty >= 0 and math.isfinite(self.penalty)):
            raise ValueError(f"penalty is {self.penalty!r}; expected a finite number >= 0.")


def circle_facts(parameters: SpikesCircleParameters) -> mfbench.Facts:
    """`penalised`: what is sought is the minimiser with the penalty."""
    del parameters
    return mfbench.Facts(task="regression", dim=1, flags=frozenset({"closed-form", "penalised"}))


def torus_facts(parameters: SpikesTorusParameters) -> mfbench.Facts:
    """`penalised` unless lambda is 0."""
    flags = {"closed-form"} | ({"penalised"} if parameters.penalty > 0 else set())
    return mfbench.Facts(task="regression", dim=2, flags=frozenset(flags))


SPIKES_CIRCLE = mfbench.ProblemEntry(
    name="regression/spikes-circle",
    summary="Five spikes of both signs on a circle, seen through nine Fourier modes; their total variation is penalised.",
    formula=(
        "y = sum_j w_j D(x - t_j), D(x) = sum_{|k| <= 4} e^{ikx}, five t_j uniform with distances >= .2, |w_j| uniform on "
        "[.5, 1.5] with random signs, drawn anew for every repetition; x uniform on the circle. Units phi(x; z) = D(x - z); "
        "sought is the function of the measure with the least (1/2) E (y - f)^2 + lambda |mu|. z at the start on a uniform "
        "grid with a random shift, c = 0; prior uniform."
    ),
    source="Chizat, arXiv 1907.10300, sparse deconvolution on the circle; law of x, amplitudes and start are ours.",
    facts=circle_facts,
    build="mfbench_regression.spikes_circle:build",
    judge="mfbench_regression.spikes_circle:judge",
    parameters=SpikesCircleParameters,
    instances={"standard": ({"penalty": 0.3},), "full": ({"penalty": 0.3},)},
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)

SPIKES_TORUS = mfbench.ProblemEntry(
    name="regression/spikes-torus",
    summary="Three positive spikes on the two-dimensional torus, seen through 25 Fourier modes.",
    formula=(
        "y = sum_j w_j D(x - t_j), D(x) = prod_a sum_{|k| <= 2} e^{ikx_a}, t_j = (pi, pi) + {(0, 0), (1.7, -.3), "
        "(.7, 1.3)}, w_j = {1.1, .8, 1.0}^2; x uniform on the torus. Units phi(x; z) = D(x - z); sought is the function of "
        "the measure with the least (1/2) E (y - f)^2 + lambda |mu|. z uniform at the start, c = 0; prior uniform."
    ),
    source="Chizat, arXiv 1907.10300, the two-dimensional example; law of x and start are ours.",
    facts=torus_facts,
    build="mfbench_regression.spikes_torus:build",
    judge="mfbench_regression.spikes_torus:judge",
    parameters=SpikesTorusParameters,
    instances={
        "standard": ({"penalty": 1.0},),
        "full": ({"penalty": 0.0}, {"penalty": 1.0}, {"penalty": 4.0}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4),
)
