"""A judge's four point sets in reduced coordinates, with the committor there: what can be stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mfbench_committor.blocks import point_sets
from mfbench_committor.blocks.point_sets import Draws
from mfbench_committor.blocks.reduced import ReducedLaw

POINTS_SEED = 20_008_634
"""One seed for all: the points of an instance are the same in the formula's coordinates for every repetition."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of points of the four sets."""

    reactive: int = 20_000
    flat: int = 4_000
    equilibrium: int = 4_000
    energy: int = 2_000


@dataclass(frozen=True, kw_only=True)
class KnownPoints:
    """Points u (n, k), the committor q and p = 1 - q there, each (n,), and weights (n,) of sum 1."""

    u: np.ndarray
    q: np.ndarray
    p: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, kw_only=True)
class KnownEnergy:
    """Points u (n, k) and weights (n,) of `EnergyPoints`, and q and grad q . M grad q there, each (n,)."""

    u: np.ndarray
    weights: np.ndarray
    q: np.ndarray
    squares: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ReducedPoints:
    """The sets of a `CommittorJudge` before the coordinates that q does not see are added.

    `logit_range` as in `CommittorJudge`.
    """

    reactive: KnownPoints
    flat: KnownPoints
    equilibrium: KnownPoints
    energy: KnownEnergy
    logit_range: tuple[float, float]


def reduced_points(law: ReducedLaw, counts: Counts | None = None, seed: int = POINTS_SEED) -> ReducedPoints:
    """Draws the four sets from independent streams.

    Args:
        law: the law of the reduced coordinates, with the committor.
        counts: numbers of points; None for those of the suite.
        seed: fixes the points; not the seed of a repetition.
    """
    counts = counts or Counts()
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)]

    def known(draws: Draws) -> KnownPoints:
        return KnownPoints(
            u=draws.u, q=law.committor(draws.u), p=law.complement(draws.u), weights=draws.weights
        )

    low, high = law.logit_range
    energy = point_sets.energy_points(law, counts.energy, streams[3])
    return ReducedPoints(
        reactive=known(point_sets.reactive_points(law, counts.reactive, streams[0])),
        flat=known(point_sets.flat_points(law, counts.flat, streams[1])),
        equilibrium=known(point_sets.equilibrium_points(law, counts.equilibrium, streams[2])),
        energy=KnownEnergy(
            u=energy.u,
            weights=energy.weights,
            q=law.committor(energy.u),
            squares=law.squared_gradient(energy.u),
        ),
        # 1 / (1 + e^-z) = q and 1 / (1 + e^z) = 1 - q: both ends without cancellation.
        logit_range=(float(1.0 / (1.0 + np.exp(-low))), float(1.0 / (1.0 + np.exp(high)))),
    )
