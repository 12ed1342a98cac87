"""What the metrics of rates are made from: the slab, the control's regression, and the rate that a solver reports."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mfbench.reference import Reference
from mfbench.tasks.judging import Score

SLAB = (0.3, 0.7)


def in_slab(values: np.ndarray) -> np.ndarray:
    """(n,) True where a committor's values lie in the slab."""
    return (values > SLAB[0]) & (values < SLAB[1])


def slab_part(values: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """(n,) squares in the slab of these values, 0 elsewhere."""
    return np.where(in_slab(values), squares, 0.0)


def regression(y: np.ndarray, x: np.ndarray) -> float:
    """Slope of the least-squares line of y (n,) on x (n,); 0 where x is constant, NaN where y is not finite."""
    centred = x - np.mean(x)
    variance = float(centred @ centred)
    return float(centred @ y) / variance if variance > 0 else 0.0


def reported_rate(reports: Mapping[str, float], reference: Reference) -> dict[str, Score]:
    """|log(nu / nu_ref)| of the rate that the solver reports, and whether 2 sigma cover the reference."""
    rate, error = reports.get("rate"), reports.get("rate_error")
    nu = reference.value
    assert nu is not None
    if rate is None:
        return {}
    deviation = math.log(rate / nu) if rate > 0 else math.inf
    scores = {"rate_reported": Score(value=abs(deviation), floor=reference.tolerance / nu, signed=deviation)}
    if error is not None:
        covered = abs(rate - nu) <= 2.0 * error + reference.tolerance
        scores["rate_uncovered"] = Score(value=0.0 if covered else 1.0)
    return scores
