"""Metrics of a log-density at draws from the true law, and on quadrature nodes.

Throughout e = log p_hat - log p at points from p, in nats, so that r = exp(e) = p_hat / p has mean equal to
the mass of p_hat wherever p > 0.
"""

from __future__ import annotations

import math

import numpy as np

from mfbench.tasks.judging import Score

FLOAT64_NOISE = 1e-13
LARGEST_EXPONENT = 300.0
"""Exponents are cut here, so that squares and sums of a diverged answer stay finite numbers."""


def capped_exp(values: np.ndarray) -> np.ndarray:
    """exp, cut at `LARGEST_EXPONENT`."""
    exponentials: np.ndarray = np.exp(np.minimum(values, LARGEST_EXPONENT))
    return exponentials


def rms(error: np.ndarray, floor: float) -> Score:
    """Root mean square of e with its sampling error; infinite where p_hat is 0 somewhere, NaN for NaN."""
    squares = error**2
    mean = float(np.mean(squares))
    if not math.isfinite(mean):
        return Score(value=math.nan if np.any(np.isnan(error)) else math.inf, floor=floor)
    value = math.sqrt(mean)
    spread = float(np.std(squares, ddof=1)) / math.sqrt(len(squares))
    return Score(value=value, floor=floor, standard_error=spread / (2 * value) if value > 0 else 0.0)


def mass(error: np.ndarray, floor: float) -> Score:
    """|int p_hat - 1| over where p > 0, by the mean of p_hat / p."""
    ratios = capped_exp(error)
    excess = float(np.mean(ratios)) - 1.0
    spread = float(np.std(ratios, ddof=1)) / math.sqrt(len(ratios))
    return Score(value=abs(excess), floor=floor, standard_error=spread, signed=excess)


def kl(error: np.ndarray, floor: float) -> Score | None:
    """KL(p || p_hat / mass) = log mean(r) - mean(e); None where it is not finite."""
    ratios = capped_exp(error)
    total = float(np.mean(ratios))
    if not (np.all(np.isfinite(error)) and total > 0):
        return None
    # The delta method: the fluctuations of the two terms all but cancel for small e.
    influence = ratios / total - error
    return Score(
        value=math.log(total) - float(np.mean(error)),
        floor=max(floor**2, FLOAT64_NOISE),
        standard_error=float(np.std(influence, ddof=1)) / math.sqrt(len(error)),
    )


def mape(error: np.ndarray, floor: float) -> Score:
    """Mean of |p_hat - p| / p."""
    return Score(value=float(np.mean(np.abs(np.expm1(np.minimum(error, LARGEST_EXPONENT))))), floor=floor)


def quadrature(
    log_p_hat: np.ndarray, log_p: np.ndarray, weights: np.ndarray, floor: float
) -> dict[str, Score]:
    """Relative L1 and L2 distance on nodes with weights for dx."""
    truth = np.exp(log_p)
    difference = capped_exp(log_p_hat) - truth
    return {
        "relative_l1": Score(
            value=float(np.sum(weights * np.abs(difference)) / np.sum(weights * truth)), floor=floor
        ),
        "relative_l2": Score(
            value=math.sqrt(np.sum(weights * difference**2) / np.sum(weights * truth**2)), floor=floor
        ),
    }


def moments(
    error: np.ndarray, x: np.ndarray, mean: np.ndarray, covariance: np.ndarray, floor: float
) -> dict[str, Score]:
    """Errors of the mean, in standard deviations, and of the covariance, relative, of p_hat normalised.

    By weights r / mean(r) at the points x (n, d) from p, differences taken under the same points: E_p[(r / mean(r) - 1) f],
    so that their sampling error vanishes with e.

    Args:
        error: e, (n,).
        x: (n, d).
        mean: of p, (d,).
        covariance: of p, (d, d).
        floor: of e.
    """
    ratios = capped_exp(error - np.max(error))
    excess = ratios / np.mean(ratios) - 1.0
    away = x - mean
    shift = np.mean(excess[:, None] * away, axis=0)
    change = (excess[:, None] * away).T @ away / len(x) - np.outer(shift, shift)
    return {
        "mean_error": Score(
            value=float(np.linalg.norm(shift) / math.sqrt(np.trace(covariance))), floor=floor
        ),
        "covariance_error": Score(
            value=float(np.linalg.norm(change) / np.linalg.norm(covariance)), floor=floor
        ),
    }
