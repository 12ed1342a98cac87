"""Separable quartic wells: p(x, t) = prod_i p_1(y_i, t) with y = R^T x, p_1 from `line_law`.

dX = -grad V dt + sqrt(2) dW,   V = .06 sum_i (y_i^4 - 16 y_i^2 + 5 y_i),   X_0 ~ N(0, I).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import TransientJudge
from mfbench_fokker_planck.box_quadrature import cube
from mfbench_fokker_planck.entries.quartic import QuarticParameters
from mfbench_fokker_planck.known_law import REACH, judge_of, nodes_around
from mfbench_fokker_planck.line_law import Profile, profiles

TIMES = (0.25, 1.0, 4.0)
DIFFUSION = 1.0
STRENGTH = 0.06
HALF_WIDTH = 8.0
"""Of the line: the start is e^-32 there, and the law falls faster after."""
COUNT, FEWER = 280, 220
"""Nodes of the reference, and of the one that its error bar comes from."""
ROUND_OFF = 1e-12
START_REACH, WELL_REACH, SPREAD = 6.5, 4.6, 2.7
"""Of a coordinate: what the start N(0, 1) and what the law in the wells reach but for 1e-10, and the latter's deviation."""


NODE_REACH = 5.5
"""Half the width of the judge's quadrature: the law at the last time is e^-27 there."""


def pull(y: Any) -> Any:
    """-V' along a coordinate, in every array library."""
    return -STRENGTH * (4.0 * y * y * y - 32.0 * y + 5.0)


@cache
def line(count: int) -> tuple[Profile, ...]:
    """The law of one coordinate at each time, by this many nodes."""
    return tuple(
        profiles(
            pull, DIFFUSION, lambda y: np.exp(-0.5 * y**2) / math.sqrt(2 * math.pi), TIMES, HALF_WIDTH, count
        )
    )


@dataclass(frozen=True)
class QuarticLaw:
    """p(x, t) at the problem's times, in the coordinates that solvers see.

    Args:
        frame: the rotation.
        dim: dimension d.
        count: nodes behind it.
    """

    frame: Frame
    dim: int
    count: int = COUNT

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t), (n,)."""
        return np.sum(self._profile(t).log_density(self.frame.to_formula(x)), axis=1)

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws."""
        return self.frame.to_solver(self._profile(t).draw((count, self.dim), rng))

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance."""
        profile = self._profile(t)
        mean = self.frame.to_solver(np.full((1, self.dim), profile.mean))[0]
        return mean, profile.variance * np.eye(self.dim)

    def peak(self, t: float) -> float:
        """The maximum of log p(., t)."""
        return self.dim * self._profile(t).peak

    def _profile(self, t: float) -> Profile:
        return line(self.count)[TIMES.index(t)]


def box_of(dim: int) -> np.ndarray:
    """(2, d) corners: a rotated coordinate reaches at most WELL_REACH sqrt(d), and in high dimension is nearly Gaussian."""
    reach = max(START_REACH, min(WELL_REACH * math.sqrt(dim), START_REACH * SPREAD))
    return cube(reach, dim)


def law_of(parameters: QuarticParameters, seed: int) -> QuarticLaw:
    """The law as solvers see it; `seed` fixes the rotation."""
    return QuarticLaw(Frame(parameters.dim, seed), parameters.dim)


def build(parameters: QuarticParameters, seed: int) -> TransientProblem:
    """The problem; `seed` fixes the rotation."""
    dim, frame = parameters.dim, Frame(parameters.dim, seed)

    def initial_log_density(x: Any) -> Any:
        return -0.5 * array_namespace(x).sum(x * x, axis=1) - 0.5 * dim * math.log(2.0 * math.pi)

    return TransientProblem(
        dim=dim,
        drift=lambda x, t: frame.to_solver(pull(frame.to_formula(x))),
        diffusion=DIFFUSION,
        initial_log_density=initial_log_density,
        initial_draw=lambda rng, count: rng.standard_normal((count, dim)),
        horizon=TIMES[-1],
        times=TIMES,
        box=box_of(dim),
    )


def judge(parameters: QuarticParameters, seed: int) -> TransientJudge:
    """The judge of the problem that `build` gives for the same seed; its error bar is measured at its own points."""
    law = law_of(parameters, seed)
    # Nodes along the formula's axes, where the law ends sooner than seven deviations.
    nodes, weights = nodes_around(np.zeros(law.dim), (NODE_REACH / REACH) ** 2 * np.eye(law.dim))
    found = judge_of(
        law,
        TIMES,
        box=box_of(law.dim),
        tolerance=ROUND_OFF,
        method="product of sinc collocation on the line; error bar from fewer nodes",
        source="mfbench_fokker_planck.line_law",
        nodes=(law.frame.to_solver(nodes), weights),
    )
    fewer = QuarticLaw(law.frame, law.dim, FEWER)
    gaps = np.concatenate([fewer.log_density(one.x, one.time) - one.log_p for one in found.laws])
    measured = ROUND_OFF + math.sqrt(float(np.mean(gaps**2)))
    return replace(found, log_density=replace(found.log_density, tolerance=measured))
