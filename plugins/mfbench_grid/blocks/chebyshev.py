"""Explicit steps of p' = A p, of second order, with as many stages as stability asks for.

Runge-Kutta-Chebyshev: s stages reach |dt lambda| of about s^2 / 3 along the negative axis, so stiffness costs its root;
off the axis they reach less, and how much is found by trying. Where drift is as stiff as noise is, the limit of infinite
damping is left,

    p <- p / s + (1 - 1/s) (1 + dt A / (s - 1))^s p,

stable in the disc of radius s - 1 about -(s - 1), and positive for rates A. Every stage is a sum of multiples of A p, so
what A conserves is conserved to round-off.

Source: Sommeijer, Shampine, Verwer, J. Comput. Appl. Math. 88 (1997) 315, eqs. 2.1-2.6, with the damping that Verwer,
Sommeijer, Hundsdorfer, J. Comput. Phys. 201 (2004) 61, take where there is drift too; Spiteri, Ruuth, SIAM J. Numer.
Anal. 40 (2002) 469.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

DAMPING = 10.0
MARGIN = 1.02
"""Of the reach over what is asked."""
GROWTH = (1.0, 1.1, 1.25, 1.5)
"""Of the number of stages over that for the negative axis alone, to be tried."""
SPLIT = (1, 2, 4, 8)
"""Into how many a step may be split, to be tried."""
ANGLES = 129
ROUND_OFF = 1e-9


@dataclass(frozen=True)
class ChebyshevStep:
    """The coefficients for a number of stages.

    Args:
        first: of dt A p in the first stage.
        recurrence: (s - 1, 5) of p, the last stage, the one before, dt A times the last stage, dt A p.
        reach: |dt lambda| up to which it is stable on the negative axis.
    """

    first: float
    recurrence: np.ndarray
    reach: float

    @classmethod
    def of(cls, stages: int) -> ChebyshevStep:
        """For s >= 2 stages."""
        w0 = 1.0 + DAMPING / stages**2
        value, slope, bend = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
        for _ in range(2, stages + 1):
            bend.append(4.0 * slope[-1] + 2.0 * w0 * bend[-1] - bend[-2])
            slope.append(2.0 * value[-1] + 2.0 * w0 * slope[-1] - slope[-2])
            value.append(2.0 * w0 * value[-1] - value[-2])
        w1 = slope[-1] / bend[-1]
        b = np.array([bend[j] / slope[j] ** 2 for j in (2, 2, *range(2, stages + 1))])
        a = 1.0 - b * np.array(value)
        rows = []
        for j in range(2, stages + 1):
            mu, nu, share = 2.0 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], 2.0 * b[j] * w1 / b[j - 1]
            rows.append((1.0 - mu - nu, mu, nu, share, -a[j - 1] * share))
        return cls(float(b[1] * w1), np.array(rows), (w0 + 1.0) / w1)

    @property
    def stages(self) -> int:
        """Products with A per step."""
        return len(self.recurrence) + 1

    def factor(self, z: np.ndarray) -> np.ndarray:
        """By which a step multiplies a mode of dt lambda = z."""
        before, last = np.ones_like(z), 1.0 + self.first * z
        for at_start, mu, nu, share, at_first in self.recurrence:
            before, last = last, at_start + (mu + share * z) * last + nu * before + at_first * z
        return last

    def taken(self, matrix: csr_matrix, p: np.ndarray, dt: float) -> np.ndarray:
        """p a time dt later."""
        rate = dt * (matrix @ p)
        before, last = p, p + self.first * rate
        for at_start, mu, nu, share, at_first in self.recurrence:
            later = matrix @ last
            later *= share * dt
            later += at_start * p
            later += mu * last
            later += nu * before
            later += at_first * rate
            before, last = last, later
        return last


@dataclass(frozen=True)
class ShuOsherStep:
    """The limit of infinite damping.

    Args:
        stages: s >= 2.
    """

    stages: int

    def taken(self, matrix: csr_matrix, p: np.ndarray, dt: float) -> np.ndarray:
        """p a time dt later."""
        last = p
        for _ in range(self.stages):
            last = last + dt / (self.stages - 1) * (matrix @ last)
        return p / self.stages + (1.0 - 1.0 / self.stages) * last


@dataclass(frozen=True)
class Stride:
    """Equal steps over a while: (dt / pieces) each."""

    step: ChebyshevStep | ShuOsherStep
    pieces: int

    @classmethod
    def cheapest(cls, ellipses: np.ndarray) -> Stride:
        """The one with the fewest products that is stable in ellipses about -a with half-axes dt (a, b): (k, 2)."""
        largest = float(np.max(ellipses[:, 0]))
        found = cls(ShuOsherStep(max(2, math.ceil(MARGIN * largest) + 1)), 1)
        angle = np.linspace(0.0, np.pi, ANGLES)
        edge = (ellipses[:, :1] * (np.cos(angle) - 1.0) + 1j * ellipses[:, 1:] * np.sin(angle)).ravel()
        for pieces in SPLIT:
            least = max(2, math.ceil(math.sqrt(2.0 * largest / pieces)))
            while ChebyshevStep.of(least).reach < MARGIN * 2.0 * largest / pieces:
                least += 1
            for growth in GROWTH:
                stages = math.ceil(growth * least)
                if pieces * stages >= found.pieces * found.step.stages:
                    break
                step = ChebyshevStep.of(stages)
                if np.all(np.abs(step.factor(edge / pieces)) <= 1.0 + ROUND_OFF):
                    found = cls(step, pieces)
        return found

    @property
    def products(self) -> int:
        """With A."""
        return self.pieces * self.step.stages

    def taken(self, matrix: csr_matrix, p: np.ndarray, dt: float) -> np.ndarray:
        """p a time dt later."""
        for _ in range(self.pieces):
            p = self.step.taken(matrix, p, dt / self.pieces)
        return p
