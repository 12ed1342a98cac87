"""Scaling laws fitted to one number per value, for many resampled sets of numbers at once. Pure.

The linear laws are least squares in log y, so their fitted number is a weighted sum of log y:

    power        y = C x^a       a = sum_k w_k log y_k,  w_k = (log x_k - m) / sum_j (log x_j - m)^2, m = mean log x
    exponential  y = C e^(a x)   the same with x_k in the place of log x_k
    amplitude    y = C x^a       log C = mean_k (log y_k - a log x_k), a given

An infinite y_k (a cost of a target that is not reached) thus makes the number infinite, with the sign of its weight.

    power-with-floor  y = L + C x^a, L >= 0, C >= 0

minimises sum_k (1 - (L + C x_k^a) / y_k)^2: for given a this is linear in L and C, so a alone is searched
(variable projection: Golub, Pereyra, SIAM J. Numer. Anal. 10 (1973) 413). Where C = 0 is best, all a are alike: there is
no exponent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

STEEPEST = 8.0
"""Exponents of power-with-floor are sought up to this; one at the end of the search counts as unbounded."""

FLATTEST = 0.05
"""And from this on: below it x^a cannot be told from a constant, hence not from the floor."""

LEAST_RISE = 1e-9
"""Of the law above its floor, relative to a number: below it C is round-off of 0."""

TRIED = 81
"""Exponents of one sign that are tried, in equal ratios (6.5 %); then refined between neighbours."""


@dataclass(frozen=True)
class Curve:
    """A fitted law.

    Args:
        law: its name.
        estimate: the fitted number: a, or C of the law "amplitude".
        amplitude: C. exponent: a. floor: L.
        fitted: values of the law at the x that it was fitted to, (K,).
    """

    law: str
    estimate: float
    amplitude: float
    exponent: float
    floor: float
    fitted: np.ndarray

    def at(self, x: np.ndarray) -> np.ndarray:
        """The law at other x, (K',) -> (K',); infinite or NaN where no float holds it."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.law == "exponential":
                return self.amplitude * np.exp(self.exponent * x)
            return self.floor + self.amplitude * x**self.exponent


def weights(law: str, x: np.ndarray) -> np.ndarray:
    """Weights w of log y in the fitted number (its logarithm for "amplitude"), (K,).

    Args:
        law: its name.
        x: different numbers, positive unless the law is "exponential", (K,).
    """
    if law == "amplitude":
        return np.full(len(x), 1.0 / len(x))
    u = x if law == "exponential" else np.log(x)
    centred = u - u.mean()
    size = float(np.abs(centred).max())  # squares of x may be more than a float holds
    found: np.ndarray = centred / size / ((centred / size) @ (centred / size)) / size
    return found


def tangents(curve: Curve, x: np.ndarray) -> np.ndarray:
    """Derivatives of the law's logarithm by its numbers, (K, number of them): what a change of them can explain."""
    one = np.ones_like(x)
    if curve.law == "amplitude":
        return one[:, None]
    if curve.law == "exponential":
        return np.stack([one, x], axis=1)
    if curve.law == "power" or curve.floor == 0.0:
        logs = np.log(x)
        floor = [1.0 / curve.fitted] if curve.law == "power-with-floor" else []
        return np.stack([one, logs - logs.mean(), *floor], axis=1)
    rising = (curve.fitted - curve.floor) / curve.fitted
    return np.stack([1.0 / curve.fitted, rising, rising * np.log(x)], axis=1)


def estimates(law: str, x: np.ndarray, y: np.ndarray, exponent: float | None = None) -> np.ndarray:
    """The fitted number of every row.

    Args:
        law, exponent: the law; a of "amplitude".
        x: (K,), as in `weights`.
        y: (B, K); where a row cannot be fitted (a number that is not positive) the result is NaN.

    Returns:
        (B,).
    """
    if law == "power-with-floor":
        return _exponents(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(y > 0, y, np.nan))
        share = weights(law, x)
        # Infinite less infinite is NaN, as it should be; but a value of no weight has no say.
        sums: np.ndarray = np.where((share == 0.0) & np.isinf(logs), 0.0, share * logs).sum(axis=1)
    if law == "amplitude":
        with np.errstate(over="ignore"):
            sums = np.exp(sums - (exponent or 0.0) * np.log(x).mean())
    return sums


def fit(law: str, x: np.ndarray, y: np.ndarray, exponent: float | None = None) -> Curve:
    """The law that lies nearest to the numbers.

    Args:
        law, exponent: the law; a of "amplitude".
        x: (K,), as in `weights`.
        y: finite, positive, (K,).
    """
    estimate = float(estimates(law, x, y[None, :], exponent)[0])
    floor = 0.0
    if law == "amplitude":
        amplitude, slope = estimate, float(exponent or 0.0)
    elif law == "power-with-floor":
        slope = estimate = _refined(x, y, estimate)
        floor, amplitude = _floor_and_amplitude(x, y, estimate)
    else:
        slope, u = estimate, x if law == "exponential" else np.log(x)
        with np.errstate(over="ignore"):
            amplitude = float(np.exp(np.log(y).mean() - slope * u.mean()))
    curve = Curve(law, estimate, amplitude, slope, floor, np.empty(0))
    return Curve(law, estimate, amplitude, slope, floor, curve.at(x))


def _exponents(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The exponents of power-with-floor, (K,) and (B, K) -> (B,); infinite at the end of the search, NaN where C = 0."""
    magnitudes = np.geomspace(FLATTEST, STEEPEST, TRIED)
    rows = np.arange(len(y))
    found, least = np.full(len(y), np.nan), np.full(len(y), np.inf)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        inverse = 1.0 / np.where((y > 0) & np.isfinite(y), y, np.nan)
        for sign in (-1.0, 1.0):
            tried = [_misfit(x, inverse, sign * a) for a in magnitudes]
            misfits, rises = (np.array([one[part] for one in tried]) for part in (2, 3))
            best = np.argmin(np.where(np.isnan(misfits), np.inf, misfits), axis=0)
            inner = np.clip(best, 1, TRIED - 2)
            left, middle, right = (misfits[inner + i, rows] for i in (-1, 0, 1))
            curved = left - 2.0 * middle + right
            shift = np.where(
                curved > 0, np.clip(0.5 * (left - right) / np.where(curved > 0, curved, 1.0), -1, 1), 0.0
            )
            refined = np.exp(np.log(magnitudes[inner]) + shift * np.log(magnitudes[1] / magnitudes[0]))
            # The flat end is a number like others: there the law is hardly told from a constant. The steep one is none.
            ends = np.where(best == 0, FLATTEST, np.where(best == TRIED - 1, np.inf, refined))
            ends = np.where(rises[best, rows] > LEAST_RISE, ends, np.nan)
            value = misfits[best, rows]
            better = value < least
            found, least = np.where(better, sign * ends, found), np.where(better, value, least)
    return found


@np.errstate(invalid="ignore", divide="ignore", over="ignore")  # what no float holds is no minimum
def _misfit(
    x: np.ndarray, inverse: np.ndarray, a: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """L, C (of x over its geometric mean), sum of squares, largest rise above L in units of y, for an exponent.

    inverse = 1 / y, (B, K) -> (B,) each.
    """
    power = np.exp(a * (np.log(x) - np.log(x).mean())) * inverse
    uu, uv, vv = (inverse**2).sum(1), (inverse * power).sum(1), (power**2).sum(1)
    u, v = inverse.sum(1), power.sum(1)
    determinant = uu * vv - uv**2
    floor, amplitude = (u * vv - v * uv) / determinant, (v * uu - u * uv) / determinant
    alone, constant = floor < 0, amplitude < 0
    floor = np.where(constant, u / uu, np.where(alone, 0.0, floor))
    amplitude = np.where(constant, 0.0, np.where(alone, v / vv, amplitude))
    return floor, amplitude, x.size - floor * u - amplitude * v, amplitude * power.max(axis=1)


def _refined(x: np.ndarray, y: np.ndarray, a: float) -> float:
    """The exponent to more digits, near where the search found it."""
    if not FLATTEST < abs(a) < math.inf:
        return a
    near = sorted((a * 1.1, a / 1.1))
    result = minimize_scalar(
        lambda exponent: float(_misfit(x, 1.0 / y[None, :], exponent)[2][0]), bounds=near, method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    return float(result.x)


def _floor_and_amplitude(x: np.ndarray, y: np.ndarray, a: float) -> tuple[float, float]:
    if not math.isfinite(a):
        return math.nan, math.nan
    floor, amplitude, *_ = _misfit(x, 1.0 / y[None, :], a)
    return float(floor[0]), float(amplitude[0] * np.exp(-a * np.log(x).mean()))
