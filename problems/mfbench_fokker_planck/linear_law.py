"""Gaussian laws of linear equations dX = (F X + f(t)) dt + sigma(t) dW, exact to round-off for every F and t.

    m' = F m + f,   S' = F S + S F^T + sigma sigma^T.

f is a constant, a ramp and one sinusoid, so that (m, 1, t, cos, sin) obeys an autonomous linear equation and m comes
out of one matrix exponential. For constant sigma the noise gathered in a time tau, Q = int_0^tau e^(Fs) sigma sigma^T
e^(F^T s) ds, is taken from Van Loan's block exponential for a tau with |F| tau < 1/2 and then doubled,

    Q(2 tau) = Q(tau) + e^(F tau) Q(tau) e^(F^T tau),

for Van Loan's own formula loses everything to e^(-F t) at large |F| t.

Source: Van Loan, IEEE Trans. Automatic Control 23 (1978) 395.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg
from array_api_compat import array_namespace

from mfbench.frames import like

SMALL = 0.5
"""|F| tau up to which Van Loan's formula is exact to round-off."""


@dataclass(frozen=True, kw_only=True)
class Forcing:
    """f(t) = constant + slope t + cosine cos(omega t) + sine sin(omega t); each (d,)."""

    constant: np.ndarray
    slope: np.ndarray
    cosine: np.ndarray
    sine: np.ndarray
    omega: float = math.pi

    @classmethod
    def of(cls, dim: int, **parts: Any) -> Forcing:
        """The forcing with these parts, numbers or arrays; those not named are zero."""
        omega = parts.pop("omega", math.pi)
        full = {
            name: np.broadcast_to(np.asarray(parts.pop(name, 0.0), float), (dim,)).copy()
            for name in ("constant", "slope", "cosine", "sine")
        }
        return cls(omega=omega, **full)

    def transformed(self, matrix: np.ndarray) -> Forcing:
        """matrix f(t)."""
        parts = {name: matrix @ getattr(self, name) for name in ("constant", "slope", "cosine", "sine")}
        return Forcing(omega=self.omega, **parts)

    def at(self, t: Any, x: Any) -> Any:
        """f(t), (d,), as an array of the kind of x."""
        xp = array_namespace(x)
        t = xp.asarray(t, dtype=x.dtype)
        steady = like(self.constant, x) + t * like(self.slope, x)
        return (
            steady
            + xp.cos(self.omega * t) * like(self.cosine, x)
            + xp.sin(self.omega * t) * like(self.sine, x)
        )


@dataclass(frozen=True, kw_only=True)
class LinearLaw:
    """The law of a linear equation from a Gaussian start.

    Args:
        matrix: F, (d, d).
        forcing: f.
        noise: sigma at t = 0, (d, k).
        noise_slope: sigma(t) = noise + t noise_slope, (d, k); None for constant noise. Only with F = 0.
        mean: of the start, (d,).
        covariance: of the start, (d, d), positive definite.

    Raises:
        ValueError: noise that changes in time with F != 0.
    """

    matrix: np.ndarray
    forcing: Forcing
    noise: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    noise_slope: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.noise_slope is not None and np.any(self.matrix):
            raise ValueError("LinearLaw: noise changes in time and F is not 0; expected one of the two.")

    @property
    def dim(self) -> int:
        """Dimension d."""
        return len(self.mean)

    def turned(self, rotation: np.ndarray) -> LinearLaw:
        """The law of rotation X, for an orthogonal matrix (d, d)."""
        return LinearLaw(
            matrix=rotation @ self.matrix @ rotation.T,
            forcing=self.forcing.transformed(rotation),
            noise=rotation @ self.noise,
            noise_slope=None if self.noise_slope is None else rotation @ self.noise_slope,
            mean=rotation @ self.mean,
            covariance=rotation @ self.covariance @ rotation.T,
        )

    def moments(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) and covariance (d, d) at time t."""
        flow = scipy.linalg.expm(self.matrix * t)
        return self._mean(t), flow @ self.covariance @ flow.T + self._gathered(t)

    def log_density(self, x: np.ndarray, t: float) -> np.ndarray:
        """log p(x, t) of (n, d) points, (n,)."""
        mean, factor = self._factors(t)
        white = scipy.linalg.solve_triangular(factor, (x - mean).T, lower=True)
        return self.peak(t) - 0.5 * np.sum(white**2, axis=0)

    def draw(self, t: float, count: int, rng: np.random.Generator) -> np.ndarray:
        """(count, d) independent draws from p(., t)."""
        mean, factor = self._factors(t)
        return mean + rng.standard_normal((count, self.dim)) @ factor.T

    def peak(self, t: float) -> float:
        """The maximum of log p(., t)."""
        factor = self._factors(t)[1]
        return -float(np.sum(np.log(np.diag(factor)))) - 0.5 * self.dim * math.log(2.0 * math.pi)

    def entropy(self, t: float) -> float:
        """-E log p, nats."""
        return 0.5 * self.dim - self.peak(t)

    def _factors(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        if t not in self._kept:
            mean, covariance = self.moments(t)
            self._kept[t] = mean, np.linalg.cholesky(covariance)
        return self._kept[t]

    @cached_property
    def _kept(self) -> dict[float, tuple[np.ndarray, np.ndarray]]:
        return {}

    def _mean(self, t: float) -> np.ndarray:
        d, f = self.dim, self.forcing
        generator = np.zeros((d + 4, d + 4))
        generator[:d, :d] = self.matrix
        generator[:d, d:] = np.stack([f.constant, f.slope, f.cosine, f.sine], axis=1)
        generator[d + 1, d] = 1.0
        generator[d + 2, d + 3], generator[d + 3, d + 2] = -f.omega, f.omega
        return (scipy.linalg.expm(generator * t) @ np.r_[self.mean, 1.0, 0.0, 1.0, 0.0])[:d]

    def _gathered(self, t: float) -> np.ndarray:
        d, rate = self.dim, self.noise @ self.noise.T
        if self.noise_slope is not None:
            mixed = self.noise @ self.noise_slope.T
            square = self.noise_slope @ self.noise_slope.T
            return t * rate + t**2 / 2 * (mixed + mixed.T) + t**3 / 3 * square
        halvings = max(0, math.ceil(math.log2(max(np.linalg.norm(self.matrix, 2) * t / SMALL, 1e-300))))
        tau = t / 2**halvings
        block = np.zeros((2 * d, 2 * d))
        block[:d, :d], block[:d, d:], block[d:, d:] = -self.matrix, rate, self.matrix.T
        exponential = scipy.linalg.expm(block * tau)
        flow = exponential[d:, d:].T
        gathered = flow @ exponential[:d, d:]
        for _ in range(halvings):
            gathered = gathered + flow @ gathered @ flow.T
            flow = flow @ flow
        return (gathered + gathered.T) / 2
