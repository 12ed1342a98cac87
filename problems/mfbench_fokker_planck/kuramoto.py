"""Identical oscillators under noise, each pulled towards all others: the noisy Kuramoto model.

    dX = K int sin(y - X) p(y) dy dt + sqrt(2 D) dW   on the circle;   p = exp(kappa cos(x - psi)) / (2 pi I_0(kappa)).

With int e^{iy} p(y) dy = r e^{i psi} the force is K r sin(psi - x), so that kappa = K r / D, r = I_1(kappa) / I_0(kappa).
Up to K = 2 D that has the root r = 0 alone, the uniform law; beyond it that law is unstable, and r > 0. Every psi is as
good: the law asked for has that of the start, about which the start is symmetric, and with it the law at all times.

Source: Sakaguchi, Prog. Theor. Phys. 79 (1988) 39; Bertini, Giacomin, Pakdaman, J. Stat. Phys. 138 (2010) 270, eq. 1.5-1.9.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.optimize import brentq
from scipy.special import ive

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge, OrderParameter
from mfbench_fokker_planck.box_quadrature import cube
from mfbench_fokker_planck.entries.kuramoto import KuramotoParameters
from mfbench_fokker_planck.line_gibbs import LineGibbs
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

DIFFUSION = 0.5
STARTS = np.linspace(-0.8, 0.8, 32)
"""Start points, away from their phase."""
NODES = 256
"""Equidistant ones of the judge's quadrature, exact to round-off for what is periodic and smooth."""
TOLERANCE = 1e-13
"""Error bar of log p and of r: round-off of Bessel functions and of a root. Tests hold r to a quadrature."""
POINTS_SEED = 19_880_039


def coherence(ratio: float) -> float:
    """r for the coupling K / D."""
    if ratio <= 2.0:
        return 0.0

    def gain(r: float) -> float:
        return float(ive(1, ratio * r) / ive(0, ratio * r)) / r - 1.0

    return float(brentq(gain, 1e-6, 1.0, xtol=1e-15, rtol=1e-15))


def phase(seed: int) -> float:
    """psi in [-pi, pi)."""
    return float(np.random.default_rng([seed, POINTS_SEED]).uniform(-math.pi, math.pi))


def around(x: np.ndarray) -> np.ndarray:
    """The same angles in [-pi, pi)."""
    return np.mod(x + math.pi, 2.0 * math.pi) - math.pi


def build(parameters: KuramotoParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` fixes the phase of the start."""
    coupling = parameters.ratio * DIFFUSION

    def drift(x: Any, t: float) -> Any:
        del t
        return 0.0 * x

    def interaction(x: Any, y: Any) -> Any:
        return coupling * array_namespace(x).sin(y - x)

    return FokkerPlanckProblem(
        dim=1,
        drift=drift,
        interaction=interaction,
        diffusion=DIFFUSION,
        start=around(phase(seed) + STARTS)[:, None],
        box=cube(math.pi, 1),
        periodic=True,
    )


def judge(parameters: KuramotoParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build` gives for the same seed."""
    rng, psi, r = np.random.default_rng(POINTS_SEED), phase(seed), coherence(parameters.ratio)
    kappa = parameters.ratio * r
    log_z = kappa + math.log(2.0 * math.pi * ive(0, kappa))
    # About its own phase, which is only then turned into place: every repetition has the same points.
    law = LineGibbs(lambda x: kappa * np.cos(x), -math.pi, math.pi)
    turn = 2.0 * math.pi / NODES
    nodes = (-math.pi + turn * np.arange(NODES))[:, None]
    return judge_of(
        lambda x: kappa * np.cos(x[:, 0] - psi) - log_z,
        Frame(1, None),
        box=None,
        drawn=around(psi + law.draw(LAW_POINTS, rng))[:, None],
        bulk=around(psi + law.draw_level(MAPE_DEPTH, UNIFORM_POINTS, rng))[:, None],
        nodes=(nodes, np.full(NODES, turn)),
        order=OrderParameter(
            values=np.concatenate([np.cos(nodes), np.sin(nodes)], axis=1),
            truth=r * np.array([math.cos(psi), math.sin(psi)]),
            reference=Reference(
                quantity="coherence r",
                value=r,
                tolerance=TOLERANCE,
                method="root of r = I_1(K r / D) / I_0(K r / D)",
                source="mfbench_fokker_planck.kuramoto",
            ),
        ),
        max_log_p=kappa - log_z,
        tolerance=TOLERANCE,
        method="exact, von Mises; r as a root",
        source="mfbench_fokker_planck.kuramoto",
    )
