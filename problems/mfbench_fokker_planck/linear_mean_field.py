"""Linear attraction to a centre and to each other, in time: Gaussian, and nonlinear all the same.

    dX = -a X dt - k (X - E X) dt + sqrt(2 D) dW,   X_0 ~ N(m_0, v_0 I):   N(m_0 e^{-a t}, v(t) I),

    v(t) = D / (a + k) + (v_0 - D / (a + k)) e^{-2 (a + k) t}:

the mean forgets its start at one rate, the spread at another.

Source: Frank, Nonlinear Fokker-Planck Equations (2005), section 5.2 (the Shimizu-Yamada model).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import Frame, like
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import TransientJudge
from mfbench_fokker_planck.entries.linear_mean_field import LinearMeanFieldParameters
from mfbench_fokker_planck.known_law import box_of, judge_of

PULL, ATTRACTION, DIFFUSION = 0.5, 1.0, 0.5
"""a, k and D."""
DISTANCE, VARIANCE = 2.0, 1.0
"""|m_0|, in a direction drawn anew for every repetition, and v_0."""
TIMES = (0.25, 1.0, 4.0)
TOLERANCE = 1e-12
"""Error bar of log p, nats: round-off in up to 200 dimensions."""


@dataclass(frozen=True)
class LinearMeanFieldLaw:
    """p(x, t).

    Args:
        start: m_0, (d,).
    """

    start: np.ndarray

    @property
    def dim(self) -> int:
        """Dimension d."""
        return len(self.start)

    def mean(self, t: float) -> np.ndarray:
        """m_0 e^{-a t}, (d,)."""
        return self.start * math.exp(-PULL * t)

    def variance(self, t: float) -> float:
        """v(t)."""
        rest = DIFFUSION / (PULL + ATTRACTION)
        return rest + (VARIANCE - rest) * math.exp(-2.0 * (PULL + ATTRACTION) * t)

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t) of (n, d) points, (n,)."""
        return self.peak(t) - np.sum((x - self.mean(t)) ** 2, axis=1) / (2.0 * self.variance(t))

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws."""
        return self.mean(t) + math.sqrt(self.variance(t)) * rng.standard_normal((count, self.dim))

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance."""
        return self.mean(t), self.variance(t) * np.eye(self.dim)

    def peak(self, t: float) -> float:
        """The maximum of log p(., t)."""
        return -0.5 * self.dim * math.log(2.0 * math.pi * self.variance(t))


def law_of(parameters: LinearMeanFieldParameters, seed: int) -> LinearMeanFieldLaw:
    """The law as solvers see it; `seed` fixes the direction of m_0."""
    first = np.zeros((1, parameters.dim))
    first[0, 0] = DISTANCE
    return LinearMeanFieldLaw(Frame(parameters.dim, seed).to_solver(first)[0])


def build(parameters: LinearMeanFieldParameters, seed: int) -> TransientProblem:
    """The problem; `seed` fixes the direction of m_0."""
    law = law_of(parameters, seed)
    peak = law.peak(0.0)

    def initial_log_density(x: Any) -> Any:
        away = x - like(law.start, x)
        return peak - array_namespace(x).sum(away * away, axis=1) / (2.0 * VARIANCE)

    return TransientProblem(
        dim=law.dim,
        drift=lambda x, t: -PULL * x,
        interaction=lambda x, y: -ATTRACTION * (x - y),
        diffusion=DIFFUSION,
        initial_log_density=initial_log_density,
        initial_draw=lambda rng, count: law.draw(0.0, count, rng),
        horizon=TIMES[-1],
        times=TIMES,
        box=box_of(law, TIMES[-1]),
    )


def judge(parameters: LinearMeanFieldParameters, seed: int) -> TransientJudge:
    """The judge of the problem that `build` gives for the same seed."""
    law = law_of(parameters, seed)
    return judge_of(
        law,
        TIMES,
        box=box_of(law, TIMES[-1]),
        tolerance=TOLERANCE,
        method="exact",
        source="mfbench_fokker_planck.linear_mean_field",
    )
