"""A dumbbell in a shear flow: a spring with a core that repels, the x_1 axis drawn along by x_2.

    b = -g / 2 + x_2 e_1,   g = (1 - (alpha / q^5) exp(-|x|^2 / (2 q^2))) x,   D = 1/2.

Without the flow p ~ exp(-|x|^2 / 2 - (alpha / q^3) exp(-|x|^2 / (2 q^2))); with it there is no closed form, and the
reference comes from a Galerkin method (`references.dumbbell_galerkin`). At rest no second moment moves, so that
E x_2 g_2 = E x_3 g_3 = 1, E x_1 g_2 = E x_2^2 and E x_1 g_1 = 1 + 2 E x_1 x_2.

Source: Dolgov, Khoromskij, Oseledets, SIAM J. Sci. Comput. 34 (2012) A3016.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench import NoParameters
from mfbench.reference import Reference
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import DensityPoints, FokkerPlanckJudge
from mfbench_fokker_planck.box_quadrature import box_quadrature
from mfbench_fokker_planck.dilations import dilated_gaussian
from mfbench_fokker_planck.radial import directions
from mfbench_fokker_planck.references import store

STRENGTH, WIDTH = 0.1, 0.5
DIFFUSION = 0.5
CORNER = np.array([10.0, 6.0, 6.0])
"""Of the box: 5.7, 5.9 and 6 standard deviations."""
BOX = np.stack([-CORNER, CORNER])
NODES, NODE_CORNER = 24, np.array([9.0, 5.2, 5.2])
"""Gauss-Legendre nodes per axis, and where they end."""
STARTS = 32
STEM = "dumbbell"


def core(x: Any) -> Any:
    """(alpha / q^5) exp(-|x|^2 / (2 q^2)), (n, 1): what the core takes from the spring."""
    square = array_namespace(x).sum(x * x, axis=1, keepdims=True)
    return STRENGTH / WIDTH**5 * array_namespace(x).exp(-square / (2.0 * WIDTH**2))


def build(parameters: NoParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` draws the start points."""
    del parameters

    def drift(x: Any, t: float) -> Any:
        del t
        xp = array_namespace(x)
        still = xp.zeros_like(x[:, :1])
        return (core(x) - 1.0) * x / 2.0 + xp.concat([x[:, 1:2], still, still], axis=1)

    return FokkerPlanckProblem(
        dim=3,
        drift=drift,
        diffusion=DIFFUSION,
        start=directions(3, STARTS, np.random.default_rng([seed, STARTS])),
        box=BOX,
    )


def judge(parameters: NoParameters, seed: int) -> FokkerPlanckJudge:
    """The judge, from the stored reference; the same for every seed."""
    del parameters, seed
    arrays, about = store.load(STEM)
    x = arrays["x"].astype(np.float64)
    nodes, weights = quadrature()
    return FokkerPlanckJudge(
        law=DensityPoints(x=x, log_p=arrays["log_p"], weights=np.full(len(x), 1.0 / len(x))),
        nodes=DensityPoints(x=nodes, log_p=arrays["node_log_p"], weights=weights),
        uniform=DensityPoints(x=np.empty((0, 3)), log_p=np.empty(0), weights=np.empty(0)),
        max_log_p=float(arrays["max_log_p"]),
        space=dilated_gaussian(np.zeros(3), np.cov(x.T), BOX),
        log_density=Reference(
            quantity="log p(x), nats",
            value=None,
            tolerance=about["error"],
            method="Galerkin in Hermite functions; error bar from fewer functions",
            source="mfbench_fokker_planck.references.dumbbell_galerkin",
        ),
    )


def quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Nodes (m, 3) and weights (m,) for dx."""
    return box_quadrature(-NODE_CORNER, NODE_CORNER, NODES)
