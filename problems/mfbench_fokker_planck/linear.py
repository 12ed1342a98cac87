"""Ornstein-Uhlenbeck processes whose drift matrix is not symmetric.

    dX = -B X dt + dW,   D = 1/2,   p = N(0, W),   B W + W B^T = I.

Source: Chertkov, Oseledets, arXiv 2102.08143, whose matrices these are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg

from mfbench.frames import Frame, like
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature, cube
from mfbench_fokker_planck.entries.linear import LinearParameters
from mfbench_fokker_planck.radial import ball_points, directions
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

DIFFUSION, HALF_WIDTH = 0.5, 5.0
TOLERANCE = 1e-13
"""Error bar of log p: round-off of a Lyapunov equation of five unknowns."""
NODES = {1: 200, 2: 80, 3: 40}
"""Gauss-Legendre nodes per axis."""
POINTS_SEED, STARTS = 21_020_814, 32


def drift_matrix(dim: int) -> np.ndarray:
    """B, (d, d)."""
    matrix = np.eye(dim)
    if dim == 2:
        matrix[0, 1] = 0.5
    elif dim > 2:
        matrix[0, 0] = 1.5
        matrix[-1, : dim - 1] = (0.5, 0.3, 0.2, 0.0)[: dim - 1]
    return matrix


def covariance(dim: int) -> np.ndarray:
    """W, (d, d)."""
    matrix: np.ndarray = scipy.linalg.solve_continuous_lyapunov(
        drift_matrix(dim), 2.0 * DIFFUSION * np.eye(dim)
    )
    return matrix


def build(parameters: LinearParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` fixes the rotation."""
    dim = parameters.dim
    frame = Frame(dim, seed)
    matrix = frame.matrix @ drift_matrix(dim) @ frame.matrix.T

    def drift(x: Any, t: float) -> Any:
        del t
        return -(x @ like(matrix.T, x))

    return FokkerPlanckProblem(
        dim=dim,
        drift=drift,
        diffusion=DIFFUSION,
        start=directions(dim, STARTS, np.random.default_rng([seed, STARTS])),
        box=cube(HALF_WIDTH, dim),
    )


def judge(parameters: LinearParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build` gives for the same seed."""
    dim = parameters.dim
    frame, factor = Frame(dim, seed), np.linalg.cholesky(covariance(dim))
    top = -0.5 * dim * math.log(2.0 * math.pi) - float(np.sum(np.log(np.diag(factor))))
    rng = np.random.default_rng([POINTS_SEED, dim])

    def log_density(y: np.ndarray) -> np.ndarray:
        white = scipy.linalg.solve_triangular(factor, y.T, lower=True)
        values: np.ndarray = top - 0.5 * np.sum(white**2, axis=0)
        return values

    corner = np.full(dim, HALF_WIDTH)
    drawn = rng.standard_normal((LAW_POINTS, dim)) @ factor.T
    return judge_of(
        log_density,
        frame,
        box=cube(HALF_WIDTH, dim),
        drawn=drawn,
        bulk=ball_points(dim, math.sqrt(2.0 * MAPE_DEPTH), UNIFORM_POINTS, rng) @ factor.T,
        nodes=box_quadrature(-corner, corner, NODES[dim]) if dim in NODES else None,
        max_log_p=top,
        tolerance=TOLERANCE,
        method="exact",
        source="mfbench_fokker_planck.linear, a Gaussian",
    )
