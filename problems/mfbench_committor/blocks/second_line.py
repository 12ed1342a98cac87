"""The committor of a problem that depends on one coordinate, found from the potential that solvers are given.

Along a path x(t) from A to B on which nothing but t changes, q' is proportional to exp(beta V(x(t)) - log of the area of
{t}). Nothing is shared with `line`: the potential is the problem's own, so that the frame, the constants and the units are
checked too, and an adaptive Runge-Kutta method of order 8 (Hairer, Norsett, Wanner 1993, section II.5) integrates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from mfbench.reference import SecondRoute
from mfbench.tasks.committor import CommittorProblem

TIGHT = 1e-13
"""Relative error of a step that is asked for."""
TOLERANCE = 1e-11
"""Of the solution between steps, in the unit of wRMSE or of logit q."""


def second_line(
    problem: CommittorProblem,
    path: Callable[[np.ndarray], np.ndarray],
    coordinate: Callable[[np.ndarray], np.ndarray],
    ends: tuple[float, float],
    log_area: Callable[[np.ndarray], np.ndarray] = np.zeros_like,
) -> SecondRoute:
    """The second route of a problem on a line.

    Args:
        problem: as solvers see it.
        path: t (n,) -> x (n, d).
        coordinate: x (n, d) -> t (n,), the path's inverse extended to all x.
        ends: t on the boundaries of A and B.
        log_area: t (n,) -> log of the area of {t}, up to a constant.
    """
    low, high = ends

    def exponent(t: np.ndarray) -> np.ndarray:
        return np.asarray(problem.beta * problem.potential(path(t))) - log_area(t)

    top = float(np.max(exponent(np.linspace(low, high, 2001))))

    def slope(t: float, q: np.ndarray) -> np.ndarray:
        return np.exp(exponent(np.array([t])) - top)

    # The largest step keeps the barrier from being stepped over from a bottom where the slope is next to nothing.
    found = solve_ivp(
        slope, ends, [0.0], method="DOP853", rtol=TIGHT, atol=0.0, max_step=(high - low) / 200, dense_output=True,
        first_step=(high - low) / 1e6,
    )  # fmt: skip
    total = found.y[0, -1]
    return SecondRoute(
        solution=lambda x: found.sol(np.clip(coordinate(x), low, high))[0] / total,
        tolerance=TOLERANCE,
        method="Runge-Kutta along a line through the problem's own potential",
        source="mfbench_committor.blocks.second_line",
    )
