"""What a reference by simulation is made from, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mfbench_committor.shooting.dynamics import System

Symmetry = tuple[Callable[[np.ndarray], np.ndarray], bool]
"""A map of (n, d) points that leaves V in place, and whether it exchanges A and B."""


@dataclass(frozen=True, kw_only=True)
class ShootingProblem:
    """One instance and the sizes of its simulation.

    Args:
        family: the problem's name without its task.
        values: the parameters on which q depends; others share its reference.
        make_system: builds the process in the formula's coordinates.
        start_a: (m, d) points in A; half of the walkers start there, half in B.
        start_b: (m, d) points in B.
        symmetries: maps that carry q over, other than the identity, closed with it as a group.
        step: time step of the main set of shots and of the long run; the second set takes twice that.
        burn_in: time that every walker of the long run spends first.
        time: that it is watched for then.
        walkers: of the long run.
        stride: time between two looks at the walkers of the long run.
        base_points: points to shoot from; the judge gets their images under the symmetries too.
        shots: from each point, in each of the two sets.
    """

    family: str
    values: Mapping[str, float]
    make_system: Callable[[], System]
    start_a: np.ndarray
    start_b: np.ndarray
    step: float
    burn_in: float
    time: float
    symmetries: tuple[Symmetry, ...] = ()
    walkers: int = 256
    stride: float = 0.5
    base_points: int = 500
    shots: int = 200

    @property
    def stem(self) -> str:
        """Name of the files that hold the reference: "ginzburg-landau-dim_50-temperature_16-width_0.03"."""
        return "-".join([self.family, *(f"{name}_{value:.12g}" for name, value in self.values.items())])
