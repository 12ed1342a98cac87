"""One coordinate in a double well.

    b = a x - c x^3,   D = s^2 / 2,   p = C exp((a x^2 / 2 - c x^4 / 4) / D),   a = .3, c = .5, s = .5.

Source: Xu, Zhang, Li, Zhou, Liu, Kurths, arXiv 1910.10503.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mfbench import NoParameters
from mfbench.frames import Frame
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature, cube
from mfbench_fokker_planck.line_gibbs import LineGibbs
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

SLOPE, CUBE, NOISE = 0.3, 0.5, 0.5
DIFFUSION = NOISE**2 / 2.0
HALF_WIDTH, REACH = 2.2, 3.0
"""Of the box, beyond which lies 4e-10 of the law; and where integrals stop: p is e^-70 of its height there."""
TOLERANCE = 1e-13
"""Error bar of log p: round-off of a quadrature."""
NODES = 200
"""Of the quadrature."""
POINTS_SEED = 19_101_050


def exponent(x: np.ndarray) -> np.ndarray:
    """log p + const at x, any shape."""
    values: np.ndarray = (SLOPE * x**2 / 2.0 - CUBE * x**4 / 4.0) / DIFFUSION
    return values


def normalisation() -> float:
    """1 / C."""
    nodes, weights = box_quadrature(np.array([-REACH]), np.array([REACH]), NODES)
    return float(weights @ np.exp(exponent(nodes[:, 0])))


def build(parameters: NoParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; the same for every seed."""
    del parameters, seed

    def drift(x: Any, t: float) -> Any:
        del t
        return SLOPE * x - CUBE * x**3

    return FokkerPlanckProblem(
        dim=1,
        drift=drift,
        diffusion=DIFFUSION,
        start=np.array([[-1.0], [1.0]]),
        box=cube(HALF_WIDTH, 1),
    )


def draw(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, 1) independent points."""
    return LineGibbs(exponent, -REACH, REACH, NODES).draw(count, rng)[:, None]


def bulk_interval() -> tuple[float, float]:
    """Where log p >= max log p - 10 for x > 0: x^2 between the roots of a quadratic, from 0 on if one is negative."""
    # exponent = top - 10 with s = x^2: c s^2 / 4 - a s / 2 - (10 - top) D = 0, top = a^2 / (4 c D).
    constant = (MAPE_DEPTH - SLOPE**2 / (4.0 * CUBE * DIFFUSION)) * DIFFUSION
    root = math.sqrt(SLOPE**2 / 4.0 + CUBE * constant)
    low, high = (SLOPE / 2.0 - root) * 2.0 / CUBE, (SLOPE / 2.0 + root) * 2.0 / CUBE
    return math.sqrt(max(low, 0.0)), math.sqrt(high)


def judge(parameters: NoParameters, seed: int) -> FokkerPlanckJudge:
    """The judge; the same for every seed."""
    del parameters, seed
    rng, log_z = np.random.default_rng(POINTS_SEED), math.log(normalisation())

    drawn = draw(LAW_POINTS, rng)
    low, high = bulk_interval()
    sides = rng.choice([-1.0, 1.0], (UNIFORM_POINTS, 1))
    return judge_of(
        lambda x: exponent(x[:, 0]) - log_z,
        Frame(1, None),
        box=cube(HALF_WIDTH, 1),
        drawn=drawn,
        bulk=sides * (low + (high - low) * rng.random((UNIFORM_POINTS, 1))),
        nodes=box_quadrature(np.array([-HALF_WIDTH]), np.array([HALF_WIDTH]), NODES),
        max_log_p=SLOPE**2 / (4.0 * CUBE * DIFFUSION) - log_z,
        modes=(drawn[:, 0] > 0.0).astype(int),
        tolerance=TOLERANCE,
        method="exact; C by quadrature",
        source="mfbench_fokker_planck.bistable",
    )
