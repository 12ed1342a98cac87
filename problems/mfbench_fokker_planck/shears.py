"""Shears of a space of two halves, (u, v) -> (u, v + g(u)), and what they make of a stochastic equation.

Such a map has unit Jacobian determinant and the inverse (u, v - g(u)). Here g(u) = a f(W u), componentwise f. By Ito's
formula dY = b dt + sigma dW becomes, with s = W u and its drift and amplitude b_s = W b_u, sigma_s = W sigma_u,

    b_v   <- b_v + a f'(s) b_s + (a / 2) f''(s) |sigma_s|^2   (rows of sigma_s),
    sigma_v <- sigma_v + a f'(s) sigma_s,

and b_u, sigma_u stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from array_api_compat import array_namespace

from mfbench.frames import like


class Motion(NamedTuple):
    """Points y (n, d) of a process with drift (n, d) and amplitude (n, d, k) there."""

    y: Any
    drift: Any
    amplitude: Any


@dataclass(frozen=True, kw_only=True)
class Shear:
    """One shear.

    Args:
        weights: W, (m, m), m = d/2.
        strength: a.
        wave: f = sin, which moves the first half by the second; else f(s) = s^2 - 1, which moves the second by the first.
    """

    weights: np.ndarray
    strength: float
    wave: bool

    def forward(self, y: Any) -> Any:
        """(n, d) -> (n, d)."""
        fixed, moved = self._halves(y)
        return self._joined(fixed, moved + self._push(fixed))

    def backward(self, y: Any) -> Any:
        """The inverse."""
        fixed, moved = self._halves(y)
        return self._joined(fixed, moved - self._push(fixed))

    def carried(self, motion: Motion) -> Motion:
        """The process of which `motion` is the state, after the shear."""
        xp = array_namespace(motion.y)
        weights = like(self.weights, motion.y)
        fixed, moved = self._halves(motion.y)
        s = fixed @ weights.T
        if self.wave:
            value, slope, bend = xp.sin(s), xp.cos(s), -xp.sin(s)
        else:
            value, slope, bend = s * s - 1.0, 2.0 * s, 2.0 * xp.ones_like(s)
        drift, drift_moved = self._halves(motion.drift)
        sigma, sigma_moved = self._halves(motion.amplitude)
        along = xp.matmul(weights, sigma)
        a = self.strength
        gathered = 0.5 * bend * xp.sum(along * along, axis=2)
        return Motion(
            y=self._joined(fixed, moved + a * value),
            drift=self._joined(drift, drift_moved + a * (slope * (drift @ weights.T) + gathered)),
            amplitude=self._joined(sigma, sigma_moved + a * slope[:, :, None] * along),
        )

    def _push(self, fixed: Any) -> Any:
        xp = array_namespace(fixed)
        s = fixed @ like(self.weights, fixed).T
        return self.strength * (xp.sin(s) if self.wave else s * s - 1.0)

    def _halves(self, array: Any) -> tuple[Any, Any]:
        """The half that stays and the half that is moved."""
        half = len(self.weights)
        first, second = array[:, :half], array[:, half:]
        return (second, first) if self.wave else (first, second)

    def _joined(self, fixed: Any, moved: Any) -> Any:
        xp = array_namespace(fixed)
        return xp.concat([moved, fixed] if self.wave else [fixed, moved], axis=1)
