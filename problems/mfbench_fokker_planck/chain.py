"""A chain of coupled double wells: a law in many dimensions that one-dimensional integrals solve.

    V = sum_i (x_i^2 - 1)^2 / 4 + (g / 2) sum_{i<d} (x_{i+1} - x_i)^2,   b = -grad V,   D = 1 / beta.

Source: Chen, Hoskins, Khoo, Lindsey, arXiv 2312.07455 for the shape; the constants are ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import cube
from mfbench_fokker_planck.chain_law import ChainLaw
from mfbench_fokker_planck.entries.chain import ChainParameters
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, judge_of

TOLERANCE = 1e-10
"""Error bar of log p: of log Z, held to it by other nodes in a test."""
POINTS_SEED = 23_120_745
STARTS = 32
HALF_WIDTH = 3.5
"""Of the box: beyond it p has less than e^{-24 beta} of its height in each coordinate."""


def build(parameters: ChainParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` draws the start points."""
    dim, coupling = parameters.dim, parameters.coupling

    def drift(x: Any, t: float) -> Any:
        del t
        xp = array_namespace(x)
        steps = x[:, 1:] - x[:, :-1]
        end = xp.zeros_like(x[:, :1])
        pull = xp.concat([steps, end], axis=1) - xp.concat([end, steps], axis=1)
        return x - x**3 + coupling * pull

    return FokkerPlanckProblem(
        dim=dim,
        drift=drift,
        diffusion=1.0 / parameters.beta,
        start=np.random.default_rng([seed, STARTS]).standard_normal((STARTS, dim)),
        box=cube(HALF_WIDTH, dim),
    )


def judge(parameters: ChainParameters, seed: int) -> FokkerPlanckJudge:
    """The judge; the same for every seed."""
    del seed
    dim = parameters.dim
    law = ChainLaw(dim, parameters.beta, parameters.coupling)
    log_z = law.log_normalisation()

    return judge_of(
        lambda x: -parameters.beta * law.potential(x) - log_z,
        Frame(dim, None),
        box=cube(HALF_WIDTH, dim),
        drawn=law.draw(LAW_POINTS, np.random.default_rng([POINTS_SEED, dim])),
        max_log_p=-log_z,
        landmarks=(np.stack([np.zeros(dim), np.ones(dim)]), np.full(2, 1.0 / dim)),
        tolerance=TOLERANCE,
        method="exact; log Z by a transfer operator",
        source="mfbench_fokker_planck.chain_law",
    )
