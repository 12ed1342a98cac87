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
    """(n,) squares in the slab of these values, 0 elsewhere; NaN where a value is none, so that no sum passes over it."""
    return np.where(np.isnan(values), np.nan, np.where(in_slab(values), squares, 0.0))


def regression(y: np.ndarray, x: np.ndarray) -> float:
    """Slope of the least-squares line of y (n,) on x (n,); 0 where x is constant, NaN where y is not finite."""
    centred = x - np.mean(x)
    variance = float(centred @ centred)
    return float(centred @ y) / variance if variance > 0 else 0.0


def reported_rates(
    reports: Mapping[str, float], rate: Reference, share_a: Reference | None
) -> dict[str, Score]:
    """What the solver reports of rates.

    "rate_reported" is |log(nu / nu_ref)|, and "rate_uncovered" says whether 2 sigma miss the reference. "k_ab" and "k_ba"
    are the same of the transitions per unit time spent with A, or with B, hit last: nu / rhoA and nu / (1 - rhoA).

    Args:
        reports: "rate", "rate_error", "rate_ab", "rate_ba", those that there are.
        rate: nu.
        share_a: rhoA, the share of time with A hit last; None if unknown.
    """
    # What is no finite number is not told, and records do not keep it.
    reports = {name: told for name, told in reports.items() if math.isfinite(told)}
    nu, error = rate.value, reports.get("rate_error")
    assert nu is not None
    doubt = rate.tolerance / nu
    scores = {}
    if "rate" in reports:
        scores["rate_reported"] = log_ratio(reports["rate"], nu, doubt)
        if error is not None:
            covered = abs(reports["rate"] - nu) <= 2.0 * error + rate.tolerance
            scores["rate_uncovered"] = Score(value=0.0 if covered else 1.0)
    if share_a is not None and share_a.value is not None:
        shares = {"ab": share_a.value, "ba": 1.0 - share_a.value}
        for way, share in shares.items():
            if f"rate_{way}" in reports:
                scores[f"k_{way}"] = log_ratio(
                    reports[f"rate_{way}"], nu / share, doubt + share_a.tolerance / share
                )
    return scores


def log_ratio(found: float, known: float, doubt: float) -> Score:
    """|log(found / known)|, infinite where nothing positive was found; `doubt` is the known one's relative error bar."""
    deviation = math.log(found / known) if found > 0 else math.inf
    return Score(value=abs(deviation), floor=doubt, signed=deviation)
