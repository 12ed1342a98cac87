"""The probability flow with the score of the Gaussian of the points' moments, and the law that it makes of the start's.

Points x_j(t) follow dx/dt = v (`characteristics.py`) with the implicit affine score of `score_fit.py`, by Runge-Kutta of
order 8 (DOP853). At a time asked x_j(0) = Phi x_j(t) + phi by least squares, and

    log p(x, t) = log p_0(Phi x + phi) + log |det Phi|,

normalised whatever the drift. Where the start is a Gaussian whose moments the points have, and x_j(t) turns out affine in
x_j(0), the score was that of the law all the time, which is thus known to the integrator's tolerance.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np
import scipy.integrate

from mfbench import Diverged

from .characteristics import Characteristics
from .score_fit import Guides, matched, no_units

TOLERANCE = 1e-10
"""Of the integrator, relative."""


class Pullback(NamedTuple):
    """Phi (d, d), phi (d,) and log |det Phi|."""

    matrix: np.ndarray
    shift: np.ndarray
    log_volume: float


class AffineFlow:
    """The flow at all times asked.

    Args:
        characteristics: of the problem.
        x: (n, d) points of the start, n > d + 1.

    Attributes:
        pullbacks: one per time.
        evaluations: of the drift.
        departure: the largest |x(0) - Phi x - phi| over the largest |x(0)|.

    Raises:
        Diverged: points that leave the finite numbers.
    """

    def __init__(self, characteristics: Characteristics, x: np.ndarray) -> None:
        problem, bodies = characteristics.problem, characteristics.bodies
        units = no_units(problem.dim // bodies * (1 if bodies == 1 else 2))
        no_guides = Guides(np.zeros((len(x), bodies, 0)), np.zeros((0, problem.dim // bodies)))
        self.evaluations = 0

        @jax.jit
        def moved(x: jax.Array, t: float) -> jax.Array:
            score = matched(x, None, no_guides, units, bodies, 0.0)
            return characteristics.flow(score, x, t, x)[0]

        def rate(t: float, flat: np.ndarray) -> np.ndarray:
            self.evaluations += len(x)
            return np.asarray(moved(flat.reshape(x.shape), t)).ravel()

        done = scipy.integrate.solve_ivp(
            rate,
            (0.0, problem.times[-1]),
            x.ravel(),
            "DOP853",
            t_eval=problem.times,
            rtol=TOLERANCE,
            atol=TOLERANCE * float(np.mean(np.abs(x))),
        )
        if not done.success or not np.all(np.isfinite(done.y)):
            reached = done.t[-1] if len(done.t) else 0.0
            raise Diverged(
                f"probability flow: with a Gaussian's score the points are lost after t = {reached:g}: {done.message}"
            )
        found = [_pullback(x, column.reshape(x.shape)) for column in done.y.T]
        self.pullbacks = tuple(pullback for pullback, _ in found)
        self.departure = max(away for _, away in found)


def _pullback(before: np.ndarray, after: np.ndarray) -> tuple[Pullback, float]:
    """The map from after to before, both (n, d), and its largest residual over the largest |before|."""
    centre, scale = np.mean(after, axis=0), max(float(np.std(after)), 1e-300)
    design = np.column_stack([np.ones(len(after)), (after - centre) / scale])
    found = np.linalg.lstsq(design, before, rcond=None)[0]
    matrix = found[1:].T / scale
    away = float(np.max(np.abs(design @ found - before)) / np.max(np.abs(before)))
    return Pullback(matrix, found[0] - matrix @ centre, float(np.linalg.slogdet(matrix)[1])), away
