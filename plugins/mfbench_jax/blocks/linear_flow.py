"""A Gaussian that follows a linear equation dY = (F(t) Y + f(t)) dt + noise of strength D(t):

    m' = F m + f,   S' = F S + S F^T + 2 D                        (Risken, The Fokker-Planck Equation, section 6.5),

by Runge-Kutta of order 8 (Hairer, Norsett, Wanner, Solving ODEs I, section II.5: DOP853) with dense output.
F and f are the least-squares fit of a drift, linear or not, at fixed points: exact where it is linear.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy.integrate

from mfbench import Diverged

TOLERANCE = 1e-13
"""Relative, of every step."""


class Linear(NamedTuple):
    """F (d, d), f (d,) and D (d, d)."""

    matrix: np.ndarray
    constant: np.ndarray
    noise: np.ndarray


class Gaussian(NamedTuple):
    """Mean (d,) and covariance (d, d)."""

    mean: np.ndarray
    covariance: np.ndarray


class LinearFlow:
    """The Gaussian at every time up to the horizon.

    Args:
        start: at t = 0.
        times: ends of the stretches, increasing, above 0.
        fits: for each stretch, t -> the linear equation.

    Raises:
        Diverged: moments that leave the finite numbers, or a covariance that is not positive definite at one of the times.
    """

    def __init__(
        self, start: Gaussian, times: tuple[float, ...], fits: list[Callable[[float], Linear]]
    ) -> None:
        self._times, self._fits, self._dense = times, fits, []
        dim, now = len(start.mean), np.r_[start.mean, start.covariance.ravel()]
        for (begin, end), fit in zip(pairwise((0.0, *times)), fits, strict=True):

            def rate(t: float, moments: np.ndarray, fit: Callable[[float], Linear] = fit) -> np.ndarray:
                linear, covariance = fit(t), moments[dim:].reshape(dim, dim)
                across = linear.matrix @ covariance
                return np.r_[
                    linear.matrix @ moments[:dim] + linear.constant,
                    (across + across.T + 2.0 * linear.noise).ravel(),
                ]

            scale = max(float(np.max(np.abs(now))), 1e-300)
            done = scipy.integrate.solve_ivp(
                rate, (begin, end), now, "DOP853", dense_output=True, rtol=TOLERANCE, atol=TOLERANCE * scale
            )
            if not done.success or not np.all(np.isfinite(done.y[:, -1])):
                raise Diverged(
                    f"linear flow: moments are lost between t = {begin:g} and {end:g}: {done.message}"
                )
            self._dense.append(done.sol)
            now = done.y[:, -1]

    def linear(self, t: float) -> Linear:
        """The equation at t."""
        return self._fits[self._stretch(t)](t)

    def at(self, t: float) -> Gaussian:
        """The Gaussian at t.

        Raises:
            Diverged: its covariance is not positive definite.
        """
        moments = self._dense[self._stretch(t)](t)
        dim = round((np.sqrt(4 * len(moments) + 1) - 1) / 2)
        covariance = moments[dim:].reshape(dim, dim)
        covariance = (covariance + covariance.T) / 2.0
        if np.linalg.eigvalsh(covariance)[0] <= 0.0:
            raise Diverged(f"linear flow: the covariance at t = {t:g} is not positive definite")
        return Gaussian(moments[:dim], covariance)

    def _stretch(self, t: float) -> int:
        return min(int(np.searchsorted(self._times, t)), len(self._times) - 1)


def fitted(
    y: np.ndarray,
    drift: Callable[[float], np.ndarray],
    noise: Callable[[float], np.ndarray],
    steady: bool,
) -> Callable[[float], Linear]:
    """t -> the linear equation nearest to a drift in the least-squares sense at points y (n, d), n > d + 1.

    Args:
        y: the points.
        drift: t -> b at them, (n, d).
        noise: t -> the mean of D over them, (d, d).
        steady: whether neither depends on t.
    """
    centre = np.mean(y, axis=0)
    scale = max(float(np.std(y)), 1e-300)
    inverse = np.linalg.pinv(np.column_stack([np.ones(len(y)), (y - centre) / scale]))

    def fit(t: float) -> Linear:
        found = inverse @ drift(t)
        matrix = found[1:].T / scale
        return Linear(matrix, found[0] - matrix @ centre, noise(t))

    if steady:
        always = fit(0.0)
        return lambda t: always
    return fit
