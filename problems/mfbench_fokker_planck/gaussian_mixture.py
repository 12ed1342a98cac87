"""Mixtures of Gaussians of one isotropic covariance: density, score, modes, exact draws, the bulk.

p(x) = sum_k w_k N(x; m_k, s^2 I).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from scipy.special import logsumexp, softmax

from mfbench.frames import like
from mfbench_fokker_planck.radial import ball_points

SETTLED = 1e-15
"""A mode is found when a step of mean shift is shorter than this."""


@dataclass(frozen=True)
class MixtureLaw:
    """A mixture of Gaussians.

    Args:
        weights: w (K,), positive, sum 1.
        means: m (K, d).
        variance: s^2.
    """

    weights: np.ndarray
    means: np.ndarray
    variance: float

    @property
    def dim(self) -> int:
        """d."""
        return self.means.shape[1]

    def turned(self, matrix: np.ndarray) -> MixtureLaw:
        """The law of `matrix` X, for an orthogonal (d, d) matrix."""
        return MixtureLaw(self.weights, self.means @ matrix.T, self.variance)

    def joint(self, x: np.ndarray) -> np.ndarray:
        """log(w_k N(x; m_k, s^2 I)), (n, K) at x (n, d)."""
        square = np.sum((x[:, None] - self.means) ** 2, axis=2)
        volume = 0.5 * self.dim * math.log(2.0 * math.pi * self.variance)
        values: np.ndarray = np.log(self.weights) - volume - square / (2.0 * self.variance)
        return values

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p, (n,) at x (n, d)."""
        values: np.ndarray = logsumexp(self.joint(x), axis=1)
        return values

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """(n,) the component k that x (n, d) most probably comes from: whose basin it lies in."""
        component: np.ndarray = np.argmax(self.joint(x), axis=1)
        return component

    def score(self, x: Any) -> Any:
        """grad log p, (n, d) at x (n, d) of numpy, torch or jax."""
        xp = array_namespace(x)
        means = like(self.means, x)
        # Up to a function of x alone, which no share depends on: x . m_k / s^2 - |m_k|^2 / 2 s^2 + log w_k.
        offsets = np.log(self.weights) - np.sum(self.means**2, axis=1) / (2.0 * self.variance)
        exponents = x @ like(self.means.T / self.variance, x) + like(offsets, x)
        shares = xp.exp(exponents - xp.max(exponents, axis=1, keepdims=True))
        shares = shares / xp.sum(shares, axis=1, keepdims=True)
        return (shares @ means - x) / self.variance

    def draw(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent points of p."""
        component = rng.choice(len(self.weights), count, p=self.weights)
        return self.means[component] + math.sqrt(self.variance) * rng.standard_normal((count, self.dim))

    def max_log_density(self) -> float:
        """max log p: the highest end of mean shift, x <- E[m_k | x], from the means."""
        x = self.means
        while True:
            step = softmax(self.joint(x), axis=1) @ self.means - x
            x = x + step
            if np.max(np.abs(step)) < SETTLED * (1.0 + np.max(np.abs(x))):
                return float(np.max(self.log_density(x)))

    def draw_bulk(self, depth: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent points, uniform on {log p >= max log p - depth}.

        p <= K max_k w_k N_k, so the set lies in the union of the balls {K w_k N_k >= max p e^-depth}; a point
        of several balls is kept with one over their number, then if it lies in the set.
        """
        level = self.max_log_density() - depth
        heights = np.log(len(self.weights)) + np.diag(self.joint(self.means))
        radii = np.sqrt(2.0 * self.variance * np.maximum(heights - level, 0.0))
        shares = softmax(self.dim * np.log(np.maximum(radii, 1e-300)))
        kept: list[np.ndarray] = []
        while sum(map(len, kept)) < count:
            ball = rng.choice(len(shares), count, p=shares)
            x = self.means[ball] + radii[ball, None] * ball_points(self.dim, 1.0, count, rng)
            away = np.linalg.norm(x[:, None] - self.means, axis=2)
            chance = 1.0 / np.maximum(np.sum(away <= radii, axis=1), 1)
            kept.append(x[(rng.random(count) < chance) & (self.log_density(x) >= level)])
        return np.concatenate(kept)[:count]
