"""The entry of `markov-model`."""

from dataclasses import dataclass

import mfbench
from mfbench.checks import above_zero, at_least


@dataclass(frozen=True, kw_only=True)
class MarkovModel:
    """Parameters of `markov-model`.

    Args:
        functions: of the basis, at most, >= 2.
        lag: time steps of a trajectory.
        tolerance: size of the components of the basis that are kept, as a share of the largest, in (0, 1).
        lift_depth: as in `is-sgd`.

    Raises:
        ValueError: a value outside its range.
    """

    functions: int = 400
    lag: int = 64
    tolerance: float = 3e-3
    lift_depth: float = 0.2

    def __post_init__(self) -> None:
        at_least(self, functions=2, lag=1)
        above_zero(self, "tolerance", "lift_depth")
        if not self.tolerance < 1:
            raise ValueError(f"tolerance is {self.tolerance}; expected a number in (0, 1).")


MARKOV_MODEL = mfbench.SolverEntry(
    name="markov-model",
    task="committor",
    summary="Galerkin's method for the process at two times: short stopped trajectories, a basis of ridge functions.",
    source=(
        "Thiede, Giannakis, Dinner, Weare, J. Chem. Phys. 150 (2019) 244111; Strahan et al., J. Chem. Theory Comput. 17 "
        "(2021) 2948; directions from the last solution's gradients as in Aristoff et al., J. Chem. Phys. 161 (2024) 084113."
    ),
    run="mfbench_jax.markov_model:solve",
    parameters=MarkovModel,
    extras=("jax",),
    devices=("cpu", "cuda"),
)
