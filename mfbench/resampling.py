"""The bootstrap of a study: seeds are drawn anew, each with its numbers at all values, and the law is fitted to each draw.

A repetition has the same problem data and the same root of randomness at every value, so its numbers belong together: an
instance that is hard is hard at all values, and may have an exponent of its own. Numbers drawn anew within every value
would miss that (docs/decisions/0035-studies.md).

The interval is the wider one of two. Percentiles, moved outwards for few seeds (Hesterberg, The American Statistician 69
(2015) 371, section 5.3): drawing R seeds from R makes spreads too small by sqrt((R - 1) / R), and a normal quantile stands
where Student's belongs. They never leave the range of the draws, which is too narrow for few seeds; so also Student's
interval with the spread of the draws, which for the geometric mean and a linear law is that of the seeds' own exponents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import fdtrc, ndtr, stdtrit

from mfbench import fits

RESAMPLES = 20_000
"""Draws; of a law that is searched, `SEARCHED`."""

SEARCHED = 4000


def statistic_of(statistic: str, sample: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """One number for every draw of seeds.

    Args:
        statistic: "geometric-mean" (0 where a number is not positive), "mean", "median" or "variance" (unbiased).
        sample: one number a seed, (R,); or the answer's values at m points, (R, m), for the mean of their variances. NaN
            for a seed that has none; it is left out.
        drawn: numbers of seeds, (B, D).

    Returns:
        (B,); NaN where it does not exist: of no number, or the variance of one.
    """
    if sample.ndim == 2:
        return _mean_variance(sample, drawn)
    values = sample[drawn]
    there = ~np.isnan(values)
    number = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        if statistic == "median":
            return _median(values, number)
        if statistic == "geometric-mean":
            logs = np.where(there, np.log(np.maximum(values, 0.0)), 0.0)
            found: np.ndarray = np.exp(logs.sum(axis=1) / number)
            return found
        mean: np.ndarray = np.where(there, values, 0.0).sum(axis=1) / number
        if statistic == "mean":
            return mean
        squares = np.where(there, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
        return np.where(number > 1, squares / (number - 1), np.nan)


def _median(values: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Of the numbers that are there; two infinities in the middle make an infinite median."""
    ordered = np.sort(values, axis=1)  # NaN last
    rows = np.arange(len(values))
    low, high = (
        ordered[rows, (np.maximum(number, 1) - 1) // 2],
        ordered[rows, np.minimum(number // 2, values.shape[1] - 1)],
    )
    found: np.ndarray = np.where(low == high, low, 0.5 * (low + high))
    return found


def _mean_variance(sample: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mean over points of the variance over drawn seeds, through the seeds' scalar products: (R, m), (B, D) -> (B,)."""
    there = ~np.isnan(sample).any(axis=1)
    rows = sample[there]
    if len(rows) == 0:
        return np.full(len(drawn), np.nan)
    centred = rows - rows.mean(axis=0)
    products = centred @ centred.T / rows.shape[1]
    counts = np.zeros((len(drawn), len(sample)))
    np.add.at(counts, (np.arange(len(drawn))[:, None], drawn), 1.0)
    counts = counts[:, there]
    number = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = counts @ np.diag(products) - np.einsum("bi,ij,bj->b", counts, products, counts) / number
        return np.where(number > 1, squares / (number - 1), np.nan)


def centres(statistic: str, samples: Sequence[np.ndarray]) -> np.ndarray:
    """The statistic of every value's seeds as they are, (K,)."""
    return np.array([statistic_of(statistic, one, np.arange(len(one))[None, :])[0] for one in samples])


def resampled(statistic: str, samples: Sequence[np.ndarray], resamples: int = RESAMPLES) -> np.ndarray:
    """The statistic at every value of drawn seeds, the same at all values; (B, K). The same records, the same draws.

    Args:
        statistic, samples: as in `statistic_of`, K samples of the same seeds.
        resamples: draws; those are left out that have too few numbers at some value: none, or of a variance those of one
            seed alone, however often it was drawn.
    """
    numbers = [np.isnan(one) if one.ndim == 1 else np.isnan(one).any(axis=1) for one in samples]
    alive = np.flatnonzero(~np.all(numbers, axis=0))
    drawn = alive[np.random.default_rng(0).integers(0, len(alive), (resamples, len(alive)))]
    apart = 1 if statistic == "variance" else 0
    enough = np.all([_spread(drawn, lost) >= apart for lost in numbers], axis=0)
    return np.stack([statistic_of(statistic, one, drawn[enough]) for one in samples], axis=1)


def _spread(drawn: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Between the first and the last drawn seed that has a number, (B,): 0 where it is one; negative where there is none."""
    without = lost[drawn]
    first = np.where(without, len(lost), drawn).min(axis=1)
    found: np.ndarray = np.where(without, -1, drawn).max(axis=1) - first
    return found


def interval(replicates: np.ndarray, estimate: float, confidence: float, seeds: int) -> tuple[float, float]:
    """The interval of the fitted number.

    A replicate that cannot be fitted (NaN) could lie anywhere and counts at both ends.

    Args:
        replicates: the number fitted to every draw, (B,); may be infinite.
        estimate: the number itself.
        confidence: two-sided, in (0, 1).
        seeds: the fewest at any value, >= 2.

    Returns:
        (low, high); infinite where the replicates are.
    """
    if len(replicates) == 0:
        return -math.inf, math.inf
    quantile, short = float(stdtrit(seeds - 1, (1.0 + confidence) / 2.0)), math.sqrt(seeds / (seeds - 1))
    number = max(
        math.floor(float(ndtr(-short * quantile)) * len(replicates)) - 1, 0
    )  # outwards to the next one
    lost, finite = np.isnan(replicates), replicates[np.isfinite(replicates)]
    low = np.sort(np.where(lost, -np.inf, replicates))[number]
    high = np.sort(np.where(lost, np.inf, replicates))[len(replicates) - 1 - number]
    half = quantile * short * float(finite.std()) if len(finite) else math.inf
    return min(float(low), estimate - half), max(float(high), estimate + half)


def bend(curve: fits.Curve, x: np.ndarray, y: np.ndarray, draws: np.ndarray, seeds: int) -> float | None:
    """Probability of points so far from the law, if it holds: the F test for lack of fit.

    What is left of the points' logarithms beside the law is held against what is left of the seeds' deviations from them.
    Exact for the geometric mean of log-normal numbers with one spread, also where a seed has a level and an exponent of
    its own, as many seeds at all values, and a law that is linear in logarithms.

    Args:
        curve: the law. x, y: the points, (K,). draws: as `resampled` gives them, (B, K).
        seeds: the fewest at any value, >= 2.

    Returns:
        None where the law goes through all points anyway, or the seeds do not differ.
    """
    return lack_of_fit(curve.fitted, fits.tangents(curve, x), y, draws, seeds)


def lack_of_fit(
    fitted: np.ndarray, tangents: np.ndarray, y: np.ndarray, draws: np.ndarray, seeds: int
) -> float | None:
    """The same of any law: its values (K,), and derivatives of their logarithms by its numbers, (K, number of them)."""
    left = len(y) - tangents.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(draws)
    logs = logs[np.isfinite(logs).all(axis=1)]
    if left < 1 or len(logs) < 2 or not np.all((fitted > 0) & np.isfinite(fitted)):
        return None
    basis, _ = np.linalg.qr(tangents)
    apart = logs - logs[0]  # nothing where seeds do not differ; a mean of many equal numbers has round-off
    apart -= apart.mean(axis=0)
    apart -= apart @ basis @ basis.T
    squares = float((apart**2).mean(axis=0).sum()) * seeds / (seeds - 1)
    if squares <= 1e-24:  # round-off
        return None
    ratio = float(((np.log(y) - np.log(fitted)) ** 2).sum()) / squares
    return float(fdtrc(left, left * (seeds - 1.0), ratio))
