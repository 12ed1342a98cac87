"""Assembles the judge of a problem whose committor is known in reduced coordinates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.committor_judge import CommittorJudge
from mfbench.tasks.committor_points import EnergyPoints, ReferencePoints
from mfbench_committor.blocks.reduced_points import POINTS_SEED, KnownPoints, ReducedPoints

Lift = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(n, k) reduced coordinates, rng -> (n, d) points in the formula's coordinates: the coordinates
that q does not see are drawn exactly from mu given u."""


def committor_judge(
    *,
    points: ReducedPoints,
    lift: Lift,
    frame: Frame,
    beta: float,
    field: Reference,
    rate: Reference,
    step: float = 1e-4,
    logit_tolerance: float | None = None,
    squares_error: float = 0.0,
    squares_at: Callable[[np.ndarray], np.ndarray] | None = None,
    headline_name: str = "wrmse",
    mobility: np.ndarray | None = None,
    share_a: Reference | None = None,
    seed: int = POINTS_SEED,
) -> CommittorJudge:
    """The judge of one instance.

    Args:
        points: the four sets in reduced coordinates (`reduced_points`, or stored ones).
        lift: adds the coordinates that the committor does not see.
        frame: from the formula's coordinates to those that solvers see.
        beta: inverse temperature.
        field: reference of q (see `CommittorJudge`).
        rate: reference of nu.
        step: width of the central difference for a missing gradient.
        logit_tolerance: error bar of the reference's logit, where it is known (see `CommittorJudge`).
        squares_error: error bar of the energy points' sum of squared gradients (see `EnergyPoints`).
        squares_at: (n, d) points in the formula's coordinates -> (n,) grad q . M grad q, where that depends on more than the
            reduced coordinates; None where it does not.
        headline_name: the metric that ranks (see `CommittorJudge`).
        mobility: of the dynamics (see `CommittorJudge`).
        share_a: reference of rhoA (see `CommittorJudge`).
        seed: fixes the added coordinates; not the seed of a repetition.
    """
    # Four streams are spent on the reduced coordinates of the same seed; these are the next ones.
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(8)[4:]]

    def placed(u: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return frame.to_solver(lift(u, rng))

    def reference_points(known: KnownPoints, rng: np.random.Generator) -> ReferencePoints:
        return ReferencePoints(x=placed(known.u, rng), q=known.q, p=known.p, weights=known.weights)

    y = lift(points.energy.u, streams[3])
    return CommittorJudge(
        beta=beta,
        reactive=reference_points(points.reactive, streams[0]),
        flat=reference_points(points.flat, streams[1]),
        logit_range=points.logit_range,
        equilibrium=reference_points(points.equilibrium, streams[2]),
        energy=EnergyPoints(
            x=frame.to_solver(y),
            weights=points.energy.weights,
            q=points.energy.q,
            squares=points.energy.squares if squares_at is None else squares_at(y),
            squares_error=squares_error,
        ),
        field=field,
        rate=rate,
        step=step,
        logit_tolerance=logit_tolerance,
        headline_name=headline_name,
        mobility=mobility,
        share_a=share_a,
    )
