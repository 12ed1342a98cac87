"""The Dirac-Frenkel principle by least squares: a family follows an equation u_t = F(u) with the velocity

    theta' = argmin_v sum_i (v . du/dtheta (y_i) - F(u)(y_i))^2

at points y_i of the law (Bruna, Peherstorfer, Vanden-Eijnden, J. Comp. Phys. 496 (2024) 112588, section 2).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.integrate
import scipy.linalg

RELATIVE, ABSOLUTE = 1e-9, 1e-11
"""Tolerances of a step, of theta."""
MOST_CALLS = 4000
"""Of F over one stretch; who needs more runs away."""


class Lost(Exception):
    """The parameters ran away or the equation became too stiff."""


def velocity(design: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """F (n,) -> theta' (P,) for a family that is linear in its parameters, design (n, P), n >= P.

    Raises:
        Lost: functions that are not independent at the points, to rounding.
    """
    scale = np.sqrt(np.mean(design**2, axis=0))
    if not np.all(np.isfinite(scale)) or np.min(scale) == 0.0:
        raise Lost("functions vanish or are not finite at the points")
    q, r = scipy.linalg.qr(design / scale, mode="economic", check_finite=False)
    if np.min(np.abs(np.diag(r))) < 1e-13 * np.max(np.abs(np.diag(r))):
        raise Lost("functions are not independent at the points")

    def solve(rows: np.ndarray) -> np.ndarray:
        found = scipy.linalg.solve_triangular(r, q.T @ rows, check_finite=False) / scale
        return np.asarray(found)

    return solve


def followed(
    rate: Callable[[float, np.ndarray], np.ndarray], begin: float, end: float, theta: np.ndarray
) -> np.ndarray:
    """theta at `end` by Runge-Kutta of order 8, from theta (P,) at `begin`.

    Raises:
        Lost: values that are not finite, or more than `MOST_CALLS` calls of the rate.
    """
    calls = 0

    def watched(t: float, now: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        found = rate(t, now)
        if calls > MOST_CALLS or not np.all(np.isfinite(found)):
            raise Lost(f"at t = {t:.3g} after {calls} evaluations")
        return found

    with np.errstate(over="ignore", invalid="ignore"):
        done = scipy.integrate.solve_ivp(watched, (begin, end), theta, "DOP853", rtol=RELATIVE, atol=ABSOLUTE)
    if not done.success:
        raise Lost(f"at t = {done.t[-1]:.3g}: {done.message}")
    return np.asarray(done.y[:, -1])
