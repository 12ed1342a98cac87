"""The entry of `fokker-planck/desai-zwanzig`."""

from dataclasses import dataclass

import mfbench


@dataclass(frozen=True, kw_only=True)
class DesaiZwanzigParameters:
    """Parameters of `fokker-planck/desai-zwanzig`.

    Args:
        strength: theta, of the attraction.
        beta: inverse temperature.

    Raises:
        ValueError: a value outside its range. Whether a temperature is too near the critical one is said when it is built.
    """

    strength: float = 1.0
    beta: float = 4.0

    def __post_init__(self) -> None:
        if not 0.1 <= self.strength <= 10.0:
            raise ValueError(f"strength is {self.strength}; expected a number in [0.1, 10].")
        if not 0.1 <= self.beta <= 20.0:
            raise ValueError(f"beta is {self.beta}; expected a number in [0.1, 20].")


def desai_zwanzig_facts(parameters: DesaiZwanzigParameters) -> mfbench.Facts:
    """Nonlinear, on the line; one coordinate is a product."""
    del parameters
    return mfbench.Facts(
        task="fokker-planck", dim=1, flags=frozenset({"stationary", "interacting", "separable"})
    )


DESAI_ZWANZIG = mfbench.ProblemEntry(
    name="fokker-planck/desai-zwanzig",
    summary="A double well whose particles attract each other: one stationary law, or three of which two are stable.",
    formula=(
        "dX = -(X^3 - X) dt - theta (X - E X) dt + sqrt(2 / beta) dW; p = exp(-beta [x^4/4 - x^2/2 + theta (x - m)^2/2]) / "
        "Z with its own mean m = 0 for beta <= beta_c, m = +-m* beyond: on the side of the start points, 32 of them equally "
        "spaced in [.5, 1.5] or mirrored, drawn anew for every repetition. beta_c = 2.18844 for theta = 1."
    ),
    source="Desai, Zwanzig, J. Stat. Phys. 19 (1978) 1; Dawson, J. Stat. Phys. 31 (1983) 29.",
    facts=desai_zwanzig_facts,
    build="mfbench_fokker_planck.desai_zwanzig:build",
    judge="mfbench_fokker_planck.desai_zwanzig:judge",
    parameters=DesaiZwanzigParameters,
    instances={
        # Either side of the transition; in full also near it, far from it, and where each well holds a minimum.
        "standard": ({"strength": 1.0, "beta": 2.0}, {"strength": 1.0, "beta": 4.0}),
        "full": (
            {"strength": 1.0, "beta": 2.0},
            {"strength": 1.0, "beta": 2.15},
            {"strength": 1.0, "beta": 2.25},
            {"strength": 1.0, "beta": 4.0},
            {"strength": 1.0, "beta": 10.0},
            {"strength": 2.5, "beta": 2.0},
            {"strength": 0.5, "beta": 4.5},
        ),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
)
