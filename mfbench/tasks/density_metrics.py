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


def shares(log_ratio: np.ndarray) -> np.ndarray:
    """exp(e) / mean(exp(e)), (n,), of any e whatever its size; NaN where it is nowhere above minus infinity."""
    top = np.max(log_ratio)
    if top == -np.inf:
        return np.full(len(log_ratio), np.nan)
    ratios = np.exp(log_ratio - top)
    each: np.ndarray = ratios / np.mean(ratios)
    return each


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
    if not np.all(np.isfinite(error)):
        return None
    below = error - np.max(error)
    # The delta method: the fluctuations of the two terms all but cancel for small e.
    influence = shares(error) - below
    return Score(
        value=max(math.log(float(np.mean(np.exp(below)))) - float(np.mean(below)), 0.0),
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
    error: np.ndarray,
    x: np.ndarray,
    log_p: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    floor: float,
) -> dict[str, Score]:
    """What p_hat, normalised, has for moments and entropy.

    mean_error is in standard deviations; covariance_error relative in the Frobenius norm; eigenvalue_error that of the
    covariance's sorted eigenvalues, relative in the Euclidean norm; entropy_error in nats.

    By weights w = r / mean(r) at the points x (n, d) from p, differences taken under the same points, so that their sampling
    error vanishes with e: E_p[(w - 1) f], and for the entropy S = -E log p

        S_hat - S = -E_p[(w - 1) log p] - E_p[w e] + log E_p[r].

    Args:
        error: e, (n,).
        x: (n, d).
        log_p: (n,).
        mean: of p, (d,).
        covariance: of p, (d, d).
        floor: of e.
    """
    weights = shares(error)
    excess = weights - 1.0
    away = x - mean
    shift = np.mean(excess[:, None] * away, axis=0)
    change = (excess[:, None] * away).T @ away / len(x) - np.outer(shift, shift)
    truth = np.linalg.eigvalsh(covariance)
    moved = np.linalg.eigvalsh(covariance + change) - truth
    below = error - np.max(error)
    entropy = math.log(float(np.mean(np.exp(below)))) - float(np.mean(excess * log_p + weights * below))
    figures = {
        "mean_error": float(np.linalg.norm(shift)) / math.sqrt(np.trace(covariance)),
        "covariance_error": float(np.linalg.norm(change) / np.linalg.norm(covariance)),
        "eigenvalue_error": float(np.linalg.norm(moved) / np.linalg.norm(truth)),
        "entropy_error": abs(entropy),
    }
    return {name: Score(value=value, floor=floor) for name, value in figures.items()}
