"""The bootstrap of a study: seeds are drawn anew within every value, and the law is fitted to each draw.

Percentile intervals, their percentiles moved outwards for few seeds (Hesterberg, The American Statistician 69 (2015)
371, section 5.3): drawing R seeds from R makes spreads too small by sqrt((R - 1) / R), and a normal quantile stands where
Student's belongs. Its degrees of freedom are Satterthwaite's for the weights of the values in the fitted number.
How often such intervals hold the truth: docs/decisions/0035-studies.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import fdtrc, ndtr, stdtrit

from mfbench import fits
from mfbench.study_contract import LAWS

RESAMPLES = 20_000
"""Draws; of a law that is searched, `SEARCHED`."""

SEARCHED = 4000


def statistic_of(statistic: str, samples: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """One number for every draw of seeds.

    Args:
        statistic: "geometric-mean", "mean", "median" or "variance" (unbiased).
        samples: one number a seed, (R,); or the answer's values at m points, (R, m), for the mean of their variances.
        drawn: numbers of seeds, (B, R).

    Returns:
        (B,); NaN where it does not exist (a geometric mean of numbers that are not positive, a variance of one).
    """
    if samples.ndim == 2:
        return _mean_variance(samples, drawn)
    values = samples[drawn]
    with np.errstate(invalid="ignore", divide="ignore"):
        if statistic == "geometric-mean":
            found: np.ndarray = np.exp(np.log(np.where(values > 0, values, np.nan)).mean(axis=1))
        elif statistic == "mean":
            found = values.mean(axis=1)
        elif statistic == "median":
            found = _median(values)
        else:
            found = values.var(axis=1, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.nan)
    return found


def _median(values: np.ndarray) -> np.ndarray:
    """As numpy's, but two infinities in the middle make an infinite median."""
    ordered = np.sort(values, axis=1)
    low, high = ordered[:, (values.shape[1] - 1) // 2], ordered[:, values.shape[1] // 2]
    found: np.ndarray = np.where(low == high, low, 0.5 * (low + high))
    return found


def _mean_variance(samples: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mean over points of the variance over drawn seeds, through the seeds' scalar products: (R, m), (B, R) -> (B,)."""
    seeds, points = samples.shape
    if seeds < 2:
        return np.full(len(drawn), np.nan)
    centred = samples - samples.mean(axis=0)
    products = centred @ centred.T / points
    counts = np.zeros((len(drawn), seeds))
    np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1.0)
    found: np.ndarray = (
        counts @ np.diag(products) - np.einsum("bi,ij,bj->b", counts, products, counts) / seeds
    ) / (seeds - 1)
    return found


def centres(statistic: str, samples: Sequence[np.ndarray]) -> np.ndarray:
    """The statistic of every value's seeds as they are, (K,)."""
    return np.array([statistic_of(statistic, one, np.arange(len(one))[None, :])[0] for one in samples])


def resampled(statistic: str, samples: Sequence[np.ndarray], resamples: int = RESAMPLES) -> np.ndarray:
    """The statistic of drawn seeds of every value, (resamples, K). The same records give the same draws."""
    rng = np.random.default_rng(0)
    columns = [
        statistic_of(statistic, one, rng.integers(0, len(one), (resamples, len(one)))) for one in samples
    ]
    return np.stack(columns, axis=1)


def freedom(law: str, x: np.ndarray, seeds: np.ndarray) -> float:
    """Satterthwaite's degrees of freedom of the fitted number, were the spread of log y the same at all values.

    Args:
        law: its name. x: of the values, (K,). seeds: at each of them, (K,), >= 2.
    """
    shares = fits.weights(law, x) ** 2 / seeds
    return float(shares.sum() ** 2 / (shares**2 / (seeds - 1)).sum())


def interval(replicates: np.ndarray, confidence: float, seeds: int, degrees: float) -> tuple[float, float]:
    """The interval of the fitted number.

    A replicate that cannot be fitted (NaN) could lie anywhere and counts at both ends.

    Args:
        replicates: the number fitted to every draw, (B,); may be infinite.
        confidence: two-sided, in (0, 1).
        seeds: the fewest at any value, >= 2.
        degrees: of freedom.

    Returns:
        (low, high); infinite where the replicates are, or where the draws are too few to tell.
    """
    tail = float(ndtr(-math.sqrt(seeds / (seeds - 1)) * stdtrit(degrees, (1.0 + confidence) / 2.0)))
    lost = np.isnan(replicates)
    number = math.floor(tail * len(replicates)) - 1  # outwards to the next order statistic
    if number < 0:
        return -math.inf, math.inf
    low = np.sort(np.where(lost, -np.inf, replicates))[number]
    high = np.sort(np.where(lost, np.inf, replicates))[len(replicates) - 1 - number]
    return float(low), float(high)


def bend(law: str, y: np.ndarray, fitted: np.ndarray, draws: np.ndarray, seeds: np.ndarray) -> float | None:
    """Probability of points so far from the law, if it holds: the F test for lack of fit.

    Exact for the geometric mean of log-normal numbers with one spread and as many seeds at all values.

    Args:
        law: its name. y, fitted: the points and the law there, (K,). draws: as `resampled` gives them, (B, K).
        seeds: at each value, (K,), >= 2.

    Returns:
        None where the law goes through all points anyway, or the seeds do not differ.
    """
    left = len(y) - LAWS[law]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(draws)
        logs = logs[np.isfinite(logs).all(axis=1)]
    if left < 1 or len(logs) < 2 or not np.all(fitted > 0):
        return None
    squares = (logs.var(axis=0) * seeds / (seeds - 1)).mean()  # the squared standard error of a point
    if squares == 0:
        return None
    ratio = float((np.log(y / fitted) ** 2).sum() / left / squares)
    return float(fdtrc(left, float((seeds - 1).sum()), ratio))
