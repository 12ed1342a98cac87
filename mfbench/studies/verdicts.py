"""A fitted number against theory: an equivalence test, so that few data never count as agreement.

- consistent: the whole interval lies inside the prediction's band, and every value of the design took part.
- not consistent: interval and band have no point in common.
- not enough data: anything else; also where there is no fit or no interval, or fewer seeds than the study asks for.

With an interval of confidence 1 - alpha, either wrong verdict has a probability of at most alpha: "consistent" though the
true number lies outside of the band, "not consistent" though it lies inside.
"""

from __future__ import annotations

import dataclasses
import math

from mfbench.studies.findings import Fit, Joint, Judgement
from mfbench.study import Prediction

CONSISTENT = "consistent"
NOT_CONSISTENT = "not consistent"
NOT_ENOUGH = "not enough data"

UNTESTED = "too few points, seeds that do not differ, or a law that is not above zero"
"""Why there is no F test."""

BENT = 0.01
"""A lack of fit less probable than this counts."""


def judge(fit: Fit, prediction: Prediction, least_seeds: int, unit: float | None = 1.0) -> Judgement:
    """Hold a fit against a prediction, whose unit is a number or was told by nobody."""
    if unit:
        low, high = sorted((unit * prediction.low, unit * prediction.high))
        prediction = dataclasses.replace(
            prediction, low=low, value=unit * prediction.value, high=high, unit=""
        )
        verdict, because = _verdict(fit, prediction, least_seeds)
    elif fit.estimate is None:
        verdict, because = NOT_ENOUGH, fit.reason
    elif unit is None:
        verdict, because = NOT_ENOUGH, f"the trials do not all report one {prediction.unit}"
    else:
        verdict, because = NOT_ENOUGH, f"{prediction.unit} is 0: the band has no width"
    return Judgement(
        name=prediction.name,
        unit=prediction.unit,
        value=float(prediction.value),
        low=float(prediction.low),
        high=float(prediction.high),
        verdict=verdict,
        because=because,
    )


def _verdict(fit: Fit, prediction: Prediction, least_seeds: int) -> tuple[str, str]:
    if fit.estimate is None:
        return NOT_ENOUGH, fit.reason
    if fit.least_seeds < least_seeds:
        return NOT_ENOUGH, f"{fit.least_seeds} seeds at a value; {least_seeds} are asked for"
    if not fit.interval:
        return NOT_ENOUGH, "no interval"
    low, high = _or(fit.low, -math.inf), _or(fit.high, math.inf)
    if high < prediction.low or low > prediction.high:
        return NOT_CONSISTENT, ""
    if not (prediction.low <= low and high <= prediction.high):
        return NOT_ENOUGH, "the interval reaches beyond the band and into it"
    if fit.used < fit.values:
        return NOT_ENOUGH, f"only {fit.used} of {fit.values} values took part"
    return CONSISTENT, ""


def judge_joint(joint: Joint, least_seeds: int) -> tuple[str, str]:
    """Verdict and why: do the terms explain the points, with the signs that theory says?

    - consistent: every interval that theory has above zero lies there, no lack of fit is seen, all points took part.
    - not consistent: one of these intervals lies below zero, or the points differ from the law by more than their seeds.
    """
    if joint.reason:
        return NOT_ENOUGH, joint.reason
    if joint.least_seeds < least_seeds:
        return NOT_ENOUGH, f"{joint.least_seeds} seeds at a value; {least_seeds} are asked for"
    if not joint.interval or joint.bend is None:
        return (
            NOT_ENOUGH,
            "no interval" if not joint.interval else f"untested whether the law holds: {UNTESTED}",
        )
    if joint.bend < BENT:
        return NOT_CONSISTENT, f"the terms do not explain the points (lack of fit, p = {joint.bend:.1g})"
    claimed = [one for one in joint.coefficients if one.positive]
    for one in claimed:
        if _or(one.high, math.inf) <= 0:
            return NOT_CONSISTENT, f"the coefficient of {one.name} is not above zero"
    for one in claimed:
        if _or(one.low, -math.inf) <= 0:
            return NOT_ENOUGH, f"the interval of {one.name} holds zero"
    if joint.used < joint.values:
        return NOT_ENOUGH, f"only {joint.used} of {joint.values} points took part"
    return CONSISTENT, ""


def _or(number: float | None, instead: float) -> float:
    return instead if number is None else number
