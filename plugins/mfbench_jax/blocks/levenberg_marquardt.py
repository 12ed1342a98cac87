"""One step of damped Gauss-Newton for min mean(r_i(theta)^2), judged by its gain ratio.

    (J^T J + lambda diag(J^T J)) delta = -J^T r,    gain = actual / predicted decrease.

lambda follows Nielsen, Damping parameter in Marquardt's method, report IMM-REP-1999-05 (1999): a smooth
decrease after good steps and an ever faster increase after bad ones. Linear algebra runs in numpy and scipy
on the CPU: for matrices of this size their products are twice as fast as XLA's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.linalg

DIAGONAL_FLOOR = 1e-2
"""Of diag(J^T J), relative to its mean: parameters that hardly act yet, such as those before a zero
amplitude, would otherwise move without bound."""
LOWEST, HIGHEST = 1e-14, 1e4
LEAST_GAIN = 1e-3


class Damping(NamedTuple):
    """lambda and the factor that the next failure multiplies it with."""

    strength: float
    growth: float = 2.0

    def lowered(self, gain: float) -> Damping:
        """After a step that was taken."""
        return Damping(max(self.strength * max(1 / 3, 1.0 - (2.0 * gain - 1.0) ** 3), LOWEST))

    def raised(self) -> Damping:
        """After a step that was refused."""
        return Damping(min(self.strength * self.growth, HIGHEST), 2.0 * self.growth)


class Step(NamedTuple):
    """The outcome: parameters (P,), damping for the next step, mean square before and after."""

    theta: np.ndarray
    damping: Damping
    before: float
    after: float


def step(
    theta: np.ndarray,
    damping: Damping,
    linearise: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    residuals: Callable[[np.ndarray], np.ndarray],
    attempts: int = 5,
) -> Step:
    """The first of at most `attempts` steps, ever more damped, that lowers the mean square; else no step.

    Args:
        theta: (P,).
        damping: as the step before left it.
        linearise: theta -> r (n,), J (n, P).
        residuals: theta -> r (n,), the cheap part of `linearise`.
        attempts: factorisations at most.
    """
    r, jacobian = linearise(theta)
    normal, slope = jacobian.T @ jacobian, jacobian.T @ r
    before = _mean_square(r)
    diagonal = np.diag(normal)
    scale = diagonal + DIAGONAL_FLOOR * np.mean(diagonal) + np.finfo(float).tiny
    for _ in range(attempts):
        damped = normal + np.diag(damping.strength * scale)
        try:
            factor = scipy.linalg.cho_factor(damped, check_finite=False)
        except scipy.linalg.LinAlgError:
            damping = damping.raised()
            continue
        delta = -scipy.linalg.cho_solve(factor, slope, check_finite=False)
        predicted = -float(delta @ slope + 0.5 * delta @ (normal @ delta)) * 2.0 / len(r)
        after = _mean_square(residuals(theta + delta))
        gain = (before - after) / predicted if predicted > 0 else -1.0
        if np.isfinite(after) and gain > LEAST_GAIN:
            return Step(theta + delta, damping.lowered(gain), before, after)
        damping = damping.raised()
    return Step(theta, damping, before, before)


def _mean_square(rows: np.ndarray) -> float:
    return float(rows @ rows) / len(rows)
