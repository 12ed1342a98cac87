"""One step of damped Gauss-Newton for min mean(r_i(theta)^2), bent after the residual's curvature, judged by its gain.

    (J^T J + lambda D) delta = -J^T r,   D = diag(J^T J),       gain = actual / predicted decrease,
    (J^T J + lambda D) bend = -J^T r'' / 2,   r'' the second derivative of r along delta,

the second line the geodesic acceleration of Transtrum and Sethna, arXiv 1201.5885 (2012), equations 4 and 5, with r'' by a
difference: where a valley of the mean square turns, a straight step has to be short. With fewer rows than parameters
the same steps follow from the matrix of the rows, J D^-1 J^T + lambda.

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
"""Of D, relative to its mean: parameters that hardly act yet, such as those before a zero
amplitude, would otherwise move without bound."""
LOWEST, HIGHEST = 1e-14, 1e4
LEAST_GAIN = 1e-3
PROBE = 0.1
"""Share of a step after which its curvature is looked at."""
MOST_BENT = 0.375
"""Longest bend, in lengths of the step, that is followed (Transtrum and Sethna, equation 15, alpha = .75)."""


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
        residuals: theta -> r (n,), the cheap part of `linearise`; infinite where a step must not go.
        attempts: factorisations at most.
    """
    r, jacobian = linearise(theta)
    normal = _Normal(jacobian)
    before = _mean_square(r)
    for _ in range(attempts):
        try:
            solve = normal.damped(damping.strength)
        except scipy.linalg.LinAlgError:
            damping = damping.raised()
            continue
        delta = solve(r)
        change = jacobian @ delta.astype(jacobian.dtype)
        predicted = -float(2.0 * r @ change + change @ change) / len(r)
        curvature = 2.0 / PROBE * ((residuals(theta + PROBE * delta) - r) / PROBE - change)
        if np.all(np.isfinite(curvature)):
            bend = 0.5 * solve(curvature)
            if normal.length(bend) <= MOST_BENT * normal.length(delta):
                delta = delta + bend
        after = _mean_square(residuals(theta + delta))
        gain = (before - after) / predicted if predicted > 0 else -1.0
        if np.isfinite(after) and gain > LEAST_GAIN:
            return Step(theta + delta, damping.lowered(gain), before, after)
        damping = damping.raised()
    return Step(theta, damping, before, before)


class _Normal:
    """The normal equations of a Jacobian (n, P), in the smaller of their two forms."""

    def __init__(self, jacobian: np.ndarray) -> None:
        self._jacobian = jacobian
        squares = np.einsum("ij,ij->j", jacobian, jacobian).astype(float)
        self._scale = squares + DIAGONAL_FLOOR * np.mean(squares) + np.finfo(float).tiny
        self._by_rows = len(jacobian) < jacobian.shape[1]
        if self._by_rows:
            short = jacobian / np.sqrt(self._scale).astype(jacobian.dtype)
            self._matrix = (short @ short.T).astype(float)
        else:
            self._matrix = (jacobian.T @ jacobian).astype(float)

    def length(self, delta: np.ndarray) -> float:
        """(delta . D delta)^1/2."""
        return float(np.sqrt(self._scale @ delta**2))

    def damped(self, strength: float) -> Callable[[np.ndarray], np.ndarray]:
        """The function rho (n,) -> -(J^T J + strength D)^-1 J^T rho, (P,).

        Raises:
            scipy.linalg.LinAlgError: not positive definite to rounding.
        """
        size, jacobian = len(self._matrix), self._jacobian
        matrix = self._matrix.copy()
        matrix[np.diag_indices(size)] += strength if self._by_rows else strength * self._scale
        factor = scipy.linalg.cho_factor(matrix, overwrite_a=True, check_finite=False)

        def by_rows(rho: np.ndarray) -> np.ndarray:
            pulled = scipy.linalg.cho_solve(factor, rho, check_finite=False)
            return np.asarray(-(pulled.astype(jacobian.dtype) @ jacobian) / self._scale)

        def by_parameters(rho: np.ndarray) -> np.ndarray:
            slope = rho.astype(jacobian.dtype) @ jacobian
            return np.asarray(-scipy.linalg.cho_solve(factor, slope.astype(float), check_finite=False))

        return by_rows if self._by_rows else by_parameters


def _mean_square(rows: np.ndarray) -> float:
    return float(rows @ rows) / len(rows)
