"""Assembles the judge of a problem whose committor is known in reduced coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.committor_judge import CommittorJudge, EnergyPoints, ReferencePoints
from mfbench_committor.blocks import point_sets
from mfbench_committor.blocks.reduced import ReducedLaw

Lift = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(n, k) reduced coordinates, rng -> (n, d) points in the formula's coordinates: the coordinates
that q does not see are drawn exactly from mu given u."""

POINTS_SEED = 20_008_634
"""One seed for all: the points of an instance are the same in the formula's coordinates for every repetition."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of points of the four sets (metrics.md, section 3)."""

    reactive: int = 20_000
    flat: int = 4_000
    equilibrium: int = 4_000
    energy: int = 2_000


def committor_judge(
    *,
    law: ReducedLaw,
    lift: Lift,
    frame: Frame,
    beta: float,
    field: Reference,
    rate: Reference,
    step: float = 1e-4,
    points_seed: int = POINTS_SEED,
    counts: Counts | None = None,
) -> CommittorJudge:
    """The judge of one instance.

    Args:
        law: the law of the reduced coordinates, with the committor.
        lift: adds the coordinates that the committor does not see.
        frame: from the formula's coordinates to those that solvers see.
        beta: inverse temperature.
        field: reference of q (see `CommittorJudge`).
        rate: reference of nu.
        step: width of the central difference for a missing gradient.
        points_seed: fixes the points in the formula's coordinates; not the seed of a repetition.
        counts: numbers of points; None for those of metrics.md.
    """
    counts = counts or Counts()
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(points_seed).spawn(4)]

    def placed(draws: point_sets.Draws, rng: np.random.Generator) -> np.ndarray:
        return frame.to_solver(lift(draws.u, rng))

    def reference_points(draws: point_sets.Draws, rng: np.random.Generator) -> ReferencePoints:
        return ReferencePoints(
            x=placed(draws, rng),
            q=law.committor(draws.u),
            p=law.complement(draws.u),
            weights=draws.weights,
        )

    energy = point_sets.energy_points(law, counts.energy, streams[3])
    low, high = law.logit_range
    return CommittorJudge(
        beta=beta,
        reactive=reference_points(point_sets.reactive_points(law, counts.reactive, streams[0]), streams[0]),
        flat=reference_points(point_sets.flat_points(law, counts.flat, streams[1]), streams[1]),
        # 1 / (1 + e^-z) = q and 1 / (1 + e^z) = 1 - q: both ends without cancellation.
        logit_range=(1.0 / (1.0 + math.exp(-low)), 1.0 / (1.0 + math.exp(high))),
        equilibrium=reference_points(
            point_sets.equilibrium_points(law, counts.equilibrium, streams[2]), streams[2]
        ),
        energy=EnergyPoints(x=placed(energy, streams[3]), weights=energy.weights),
        field=field,
        rate=rate,
        step=step,
    )
