"""The Benes family: dX = grad log h dt + dW with h = sum_k w_k cosh(a_k . x), |a_k| = 1.

h is an eigenfunction, Lap h = h, so that h-transforming Brownian motion gives

    p_t(x) = h(x) N(x; m, v I) / Z,   v = s^2 + t,   Z = e^(v/2) sum_k w_k cosh(a_k . m),

from p_0 ~ h N(m, s^2 I). As a mixture: sum over k and both signs of N(m +- v a_k, v I) with weights proportional to
w_k e^(+- a_k . m).

Source: Benes, Stochastics 5 (1981) 65.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.optimize import minimize
from scipy.special import logsumexp

from mfbench.frames import Frame, like
from mfbench.tasks.transient import TransientProblem
from mfbench.tasks.transient_judge import TransientJudge
from mfbench_fokker_planck.entries.benes import BenesParameters
from mfbench_fokker_planck.known_law import box_of, judge_of

TIMES = (0.5, 1.0, 3.0)
START_VARIANCE = 0.25
START_SHIFT = 0.3
WEIGHTS = (1.0, 0.5, 0.25)
TOLERANCE = 1e-12
"""Error bar of log p, nats: round-off."""


def directions(dim: int) -> np.ndarray:
    """(K, d) unit vectors a_k in the formula's coordinates."""
    full = np.zeros((3, max(dim, 3)))
    full[0, 0] = 1.0
    full[1, :2] = np.array([1.0, 2.0]) / math.sqrt(5.0)
    full[2, :3] = np.array([1.0, -1.0, 1.0]) / math.sqrt(3.0)
    return full[: min(dim, 3), :dim]


@dataclass(frozen=True, kw_only=True)
class BenesLaw:
    """p(x, t) in the coordinates that solvers see.

    Args:
        arms: a_k, (K, d).
        weights: w_k, (K,).
        centre: m, (d,).
    """

    arms: np.ndarray
    weights: np.ndarray
    centre: np.ndarray

    @property
    def dim(self) -> int:
        """Dimension d."""
        return len(self.centre)

    def log_h(self, x: Any) -> Any:
        """log h, (n,), without overflow, in every array library."""
        xp = array_namespace(x)
        s = xp.abs(x @ like(self.arms.T, x))
        logs = s + xp.log1p(xp.exp(-2.0 * s)) + like(np.log(self.weights / 2.0), x)
        top = xp.max(logs, axis=1)
        return top + xp.log(xp.sum(xp.exp(logs - top[:, None]), axis=1))

    def grad_log_h(self, x: Any) -> Any:
        """The drift, (n, d): smooth at 0, where log h by |s| is not differentiable in floating point."""
        xp = array_namespace(x)
        s = x @ like(self.arms.T, x)
        up, down = (sign * s + like(np.log(self.weights / 2.0), x) for sign in (1.0, -1.0))
        both = xp.concat([up, down], axis=1)
        shares = xp.exp(both - xp.max(both, axis=1, keepdims=True))
        shares = shares / xp.sum(shares, axis=1, keepdims=True)
        number = len(self.weights)
        return (shares[:, :number] - shares[:, number:]) @ like(self.arms, x)

    def log_z(self, variance: float) -> float:
        """log Z for this variance v."""
        return variance / 2.0 + float(self.log_h(self.centre[None])[0])

    def log_density_in(self, x: Any, t: float) -> Any:
        """log p(x, t), (n,), in every array library."""
        xp, variance = array_namespace(x), START_VARIANCE + t
        away = x - like(self.centre, x)
        gaussian = -0.5 * xp.sum(away * away, axis=1) / variance
        constant = 0.5 * self.dim * math.log(2.0 * math.pi * variance) + self.log_z(variance)
        return self.log_h(x) + gaussian - constant

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t), (n,)."""
        return np.asarray(self.log_density_in(x, t))

    def mixture(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Weights (2 K,) and means (2 K, d) of the Gaussians of variance s^2 + t."""
        signs = np.r_[np.ones(len(self.weights)), -np.ones(len(self.weights))]
        arms = signs[:, None] * np.tile(self.arms, (2, 1))
        logs = np.log(np.tile(self.weights, 2)) + arms @ self.centre
        return np.exp(logs - logsumexp(logs)), self.centre + (START_VARIANCE + t) * arms

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws."""
        shares, means = self.mixture(t)
        which = rng.choice(len(shares), count, p=shares)
        return means[which] + math.sqrt(START_VARIANCE + t) * rng.standard_normal((count, self.dim))

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean and covariance of the mixture."""
        shares, means = self.mixture(t)
        mean = shares @ means
        away = means - mean
        return mean, (START_VARIANCE + t) * np.eye(self.dim) + (shares[:, None] * away).T @ away

    def peak(self, t: float) -> float:
        """The maximum of log p(., t): climbed from every Gaussian's mean."""

        def fall(x: np.ndarray) -> tuple[float, np.ndarray]:
            slope = self.grad_log_h(x[None])[0] - (x - self.centre) / (START_VARIANCE + t)
            return -float(self.log_density(x[None], t)[0]), -slope

        return max(-float(minimize(fall, start, jac=True).fun) for start in self.mixture(t)[1])


def law_of(parameters: BenesParameters, seed: int) -> BenesLaw:
    """The law as solvers see it; `seed` fixes the rotation."""
    arms = Frame(parameters.dim, seed).to_solver(directions(parameters.dim))
    return BenesLaw(arms=arms, weights=np.array(WEIGHTS[: len(arms)]), centre=START_SHIFT * arms[0])


def build(parameters: BenesParameters, seed: int) -> TransientProblem:
    """The problem; `seed` fixes the rotation."""
    law = law_of(parameters, seed)
    return TransientProblem(
        dim=law.dim,
        drift=lambda x, t: law.grad_log_h(x),
        diffusion=0.5,
        initial_log_density=lambda x: law.log_density_in(x, 0.0),
        initial_draw=lambda rng, count: law.draw(0.0, count, rng),
        horizon=TIMES[-1],
        times=TIMES,
        box=box_of(law, TIMES[-1]),
    )


def judge(parameters: BenesParameters, seed: int) -> TransientJudge:
    """The judge of the problem that `build` gives for the same seed."""
    law = law_of(parameters, seed)
    return judge_of(
        law,
        TIMES,
        box=box_of(law, TIMES[-1]),
        tolerance=TOLERANCE,
        method="exact",
        source="mfbench_fokker_planck.benes, p = h N / Z",
    )
