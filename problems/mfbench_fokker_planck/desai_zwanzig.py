"""Particles in a double well that attract each other: the Desai-Zwanzig model, on both sides of its transition.

    dX = -(X^3 - X) dt - theta (X - E X) dt + sqrt(2 / beta) dW.

A stationary law with mean m is p_m = exp(-beta [x^4 / 4 - x^2 / 2 + theta (x - m)^2 / 2]) / Z_m, where m = R(m), the mean of
p_m. R'(m) = beta theta Var_m, and R is concave for m > 0: m = 0 alone up to the beta_c with beta theta Var_0 = 1; beyond it
0 is unstable, and +-m* attract what starts on their side. Which side that is changes with the repetition.

Source: Desai, Zwanzig, J. Stat. Phys. 19 (1978) 1; Dawson, J. Stat. Phys. 31 (1983) 29, theorem 3.3.2.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from mfbench.frames import Frame
from mfbench.reference import Reference
from mfbench.tasks.fokker_planck import FokkerPlanckProblem
from mfbench.tasks.fokker_planck_judge import MAPE_DEPTH, FokkerPlanckJudge, OrderParameter
from mfbench_fokker_planck.box_quadrature import box_quadrature, cube
from mfbench_fokker_planck.entries.desai_zwanzig import DesaiZwanzigParameters
from mfbench_fokker_planck.line_gibbs import NODES, LineGibbs
from mfbench_fokker_planck.stationary_judge import LAW_POINTS, UNIFORM_POINTS, judge_of

STARTS = np.linspace(0.5, 1.5, 32)
"""Start points, or their mirror images: all on one side of 0."""
BOX_DEPTH, DEEPEST = 30.0, 75.0
"""Nats below the maximum at which the box ends, whatever m in [-1, 1]; and where the integrals of the reference do."""
FEWER = 300
"""Nodes of the quadrature that the error bar comes from."""
ROUND_OFF = 1e-13
LEAST_DISTANCE = 1e-3
"""|beta theta Var_0 - 1| below which log p loses too many digits."""
LARGEST = 1.5
"""R(m) < m from here on: the well p_m sits in has its bottom at most at m, and is steeper on the far side."""
POINTS_SEED = 19_780_001


def well(x: np.ndarray, strength: float, mean: float) -> np.ndarray:
    """What p_m is a Gibbs law of."""
    values: np.ndarray = x**4 / 4.0 - x**2 / 2.0 + strength * (x - mean) ** 2 / 2.0
    return values


def half_width(strength: float, beta: float, depth: float) -> float:
    """A multiple of 1/8 beyond which every p_m with |m| <= 1 lies this many nats below its maximum."""
    x = np.arange(1.0, 400.0) / 8.0
    rise = well(x, strength, 1.0) - np.min(well(x, strength, 1.0))
    return float(x[np.flatnonzero(beta * rise <= depth)[-1] + 1])


def law_about(mean: float, strength: float, beta: float, nodes: int = NODES) -> LineGibbs:
    """p_m."""
    reach = half_width(strength, beta, DEEPEST)
    return LineGibbs(lambda x: -beta * well(x, strength, mean), -reach, reach, nodes)


def excess(beta: float, strength: float) -> float:
    """beta theta Var_0 - 1: below zero where m = 0 is the only root."""
    return beta * strength * law_about(0.0, strength, beta).average(lambda x: x**2) - 1.0


def critical_beta(strength: float) -> float:
    """beta_c."""
    return float(brentq(excess, 0.05, 50.0, args=(strength,), xtol=1e-13, rtol=1e-14))


@cache
def magnetisation(strength: float, beta: float, nodes: int = NODES) -> float:
    """m* >= 0.

    Raises:
        ValueError: a temperature too near the critical one.
    """
    distance = excess(beta, strength)
    if abs(distance) < LEAST_DISTANCE:
        raise ValueError(
            f"desai-zwanzig: beta theta Var_0 is {1 + distance:.6f} for strength {strength} and beta {beta}, within "
            f"{LEAST_DISTANCE:g} of the transition at 1; expected a temperature farther from it."
        )
    if distance < 0:
        return 0.0

    def gain(mean: float) -> float:
        return law_about(mean, strength, beta, nodes).average(lambda x: x) / mean - 1.0

    return float(brentq(gain, 1e-4, LARGEST, xtol=1e-15, rtol=1e-15))


def build(parameters: DesaiZwanzigParameters, seed: int) -> FokkerPlanckProblem:
    """The problem; `seed` fixes the side on which it starts."""
    strength, beta = parameters.strength, parameters.beta
    magnetisation(strength, beta)  # refuses what has no reference
    reach = half_width(strength, beta, BOX_DEPTH)

    def drift(x: Any, t: float) -> Any:
        del t
        return x - x * x * x

    def interaction(x: Any, y: Any) -> Any:
        return -strength * (x - y)

    return FokkerPlanckProblem(
        dim=1,
        drift=drift,
        interaction=interaction,
        diffusion=1.0 / beta,
        start=Frame(1, seed).to_solver(STARTS[:, None]),
        box=cube(reach, 1),
    )


def judge(parameters: DesaiZwanzigParameters, seed: int) -> FokkerPlanckJudge:
    """The judge of the problem that `build` gives for the same seed; its error bar is measured at its own points."""
    strength, beta = parameters.strength, parameters.beta
    frame, rng = Frame(1, seed), np.random.default_rng(POINTS_SEED)
    mean, other = magnetisation(strength, beta), magnetisation(strength, beta, FEWER)
    law, second = law_about(mean, strength, beta), law_about(other, strength, beta, FEWER)
    drawn = law.draw(LAW_POINTS, rng)[:, None]
    gaps = law.log_density(drawn) - second.log_density(drawn)
    reach = half_width(strength, beta, BOX_DEPTH)
    nodes = box_quadrature(np.array([-reach]), np.array([reach]), NODES)
    return judge_of(
        lambda y: law.log_density(y[:, 0]),
        frame,
        box=cube(reach, 1),
        drawn=drawn,
        bulk=law.draw_level(MAPE_DEPTH, UNIFORM_POINTS, rng)[:, None],
        nodes=nodes,
        order=OrderParameter(
            values=frame.to_solver(nodes[0]),
            truth=frame.to_solver(np.array([[mean]]))[0],
            reference=Reference(
                quantity="magnetisation m*",
                value=mean,
                tolerance=ROUND_OFF + abs(other - mean),
                method="root of m = R(m), R by quadrature; error bar from fewer nodes",
                source="mfbench_fokker_planck.desai_zwanzig",
            ),
        ),
        max_log_p=law.max_log_p,
        tolerance=ROUND_OFF + float(np.sqrt(np.mean(gaps**2))),
        method="Gibbs law of the root of m = R(m) by quadrature; error bar from fewer nodes",
        source="mfbench_fokker_planck.desai_zwanzig",
    )
