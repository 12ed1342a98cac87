"""What every problem with a known stationary law makes of it: a judge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.fokker_planck_judge import DensityPoints, FokkerPlanckJudge, OrderParameter
from mfbench_fokker_planck.dilations import dilated

LAW_POINTS, UNIFORM_POINTS = 20_000, 10_000
"""Of every judge."""

Quadrature = tuple[np.ndarray, np.ndarray]
"""Nodes (m, d) and weights (m,)."""


def judge_of(
    log_density: Callable[[np.ndarray], np.ndarray],
    frame: Frame,
    *,
    box: np.ndarray | None,
    drawn: np.ndarray,
    max_log_p: float,
    tolerance: float,
    method: str,
    source: str,
    bulk: np.ndarray | None = None,
    nodes: Quadrature | None = None,
    modes: np.ndarray | None = None,
    landmarks: Quadrature | None = None,
    order: OrderParameter | None = None,
) -> FokkerPlanckJudge:
    """The judge, for points in the coordinates of the formula.

    Args:
        log_density: log p, (n, d) -> (n,).
        frame: from those coordinates to the solvers'.
        box: (2, d) the problem's, in the solvers' coordinates; None on a torus.
        drawn: independent draws from p, (n, d).
        max_log_p: the maximum of log p.
        tolerance: error bar of log p, nats.
        method, source: of the reference.
        bulk: uniform on {log p >= max log p - 10}, (n, d); None where nobody can draw it.
        nodes: for integrals dx; None above the dimensions of grids.
        modes: as `FokkerPlanckJudge` has them.
        landmarks: single points and what an error counts there.
        order: an average to be judged by itself.
    """
    none = np.empty((0, drawn.shape[1])), np.empty(0)

    def points(y: np.ndarray, weights: np.ndarray) -> DensityPoints:
        return DensityPoints(x=frame.to_solver(y), log_p=log_density(y), weights=weights)

    def alike(y: np.ndarray) -> DensityPoints:
        return points(y, np.full(len(y), 1.0 / len(y)))

    return FokkerPlanckJudge(
        law=alike(drawn),
        nodes=points(*(none if nodes is None else nodes)),
        uniform=points(*none) if bulk is None else alike(bulk),
        max_log_p=max_log_p,
        space=None if box is None else dilated(drawn, log_density, box, frame.to_solver),
        modes=modes,
        landmarks=None if landmarks is None else points(*landmarks),
        order=order,
        log_density=Reference(
            quantity="log p(x), nats", value=None, tolerance=tolerance, method=method, source=source
        ),
    )
