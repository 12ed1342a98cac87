"""The entry of `fokker-planck/kinetic`."""

from __future__ import annotations

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero


@dataclass(frozen=True, kw_only=True)
class KineticParameters:
    """Parameters of `fokker-planck/kinetic`.

    Args:
        dim: dimension d = 2 k of the phase space of k oscillators, even.
        coupling: c >= 0 of the springs between neighbours.
        friction: gamma.

    Raises:
        ValueError: an odd dimension, or one outside 2 ... 20; springs that repel; no friction.
    """

    dim: int = 2
    coupling: float = 0.1
    friction: float = 0.4

    def __post_init__(self) -> None:
        if self.dim % 2 or not 2 <= self.dim <= 20:
            raise ValueError(f"dim is {self.dim}; expected an even number from 2 to 20.")
        if not 0.0 <= self.coupling < float("inf"):
            raise ValueError(f"coupling is {self.coupling}; expected a finite number >= 0.")
        above_zero(self, "friction")


def kinetic_facts(parameters: KineticParameters) -> mfbench.Facts:
    """Noise acts on the velocities alone; coordinates mean something and are not rotated.

    The law of one oscillator is a product, and so is that of uncoupled ones.
    """
    flags = {"stationary", "hypoelliptic", "anisotropic"}
    if parameters.dim == 2 or parameters.coupling == 0:
        flags.add("separable")
    return mfbench.Facts(task="fokker-planck", dim=parameters.dim, flags=frozenset(flags))


KINETIC = mfbench.ProblemEntry(
    name="fokker-planck/kinetic",
    summary="Oscillators with inertia in double wells: noise on their velocities alone, Gibbs law of the energy.",
    formula=(
        "dx = v dt, dv = (-grad U(x) - gamma v) dt + sqrt(2 gamma) dW; U = sum_i (-x_i^2 / 2 + .025 x_i^4) + (c / 2) "
        "sum_{i<k} (x_{i+1} - x_i)^2, c = coupling, gamma = friction, d = 2 k, positions before velocities; "
        "p = exp(-|v|^2 / 2 - U) / Z for every gamma. Box [-7, 7]^d."
    ),
    source=(
        "FlowKac, arXiv 2503.11427, for d = 2 and gamma = .4, there in time from N((0, 8), I/2); the springs are ours."
    ),
    facts=kinetic_facts,
    build="mfbench_fokker_planck.kinetic:build",
    judge="mfbench_fokker_planck.kinetic:judge",
    parameters=KineticParameters,
    instances={
        "standard": ({"dim": 2}, {"dim": 4}),
        "full": ({"dim": 2}, {"dim": 4}, {"dim": 6}, {"dim": 20}),
    },
    targets=(1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5),
)
