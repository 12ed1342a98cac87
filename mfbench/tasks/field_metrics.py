"""Metrics of a function's values at weighted points: what several judges share. Pure."""

from __future__ import annotations

import math

import numpy as np

from mfbench.tasks.judging import Score

FLOAT64_NOISE = 1e-14


def excursion(values: np.ndarray) -> Score:
    """How far values leave [0, 1] at most; by round-off they may."""
    farthest = np.max(np.maximum(-values, values - 1.0), initial=0.0)
    return Score(value=float(farthest) + 0.0, floor=FLOAT64_NOISE)  # never minus 0


def root_mean_square(squares: np.ndarray, weights: np.ndarray, floor: float) -> Score:
    """sqrt(sum_j w_j s_j) for weights of sum 1, with the standard error of leaving one point out.

    The jackknife of a self-normalised mean m = sum w s has the variance
    (n - 1) / n * sum_j ((w_j / (1 - w_j)) (s_j - m))^2; the root follows by the delta method.
    """
    mean = float(np.sum(weights * squares))
    n = len(squares)
    shifts = weights / (1.0 - weights) * (squares - mean)
    variance = (n - 1) / n * float(np.sum(shifts**2))
    value = math.sqrt(mean) if mean >= 0 else mean  # NaN passes through
    error = math.sqrt(variance) / (2.0 * value) if value > 0 else 0.0
    return Score(value=value, floor=floor, standard_error=error)
