"""What a study found: plain data, as it is written to `studies/NAME.json`.

None stands for a number that does not exist or is infinite; JSON has neither infinity nor NaN.
"""

from __future__ import annotations

import msgspec

USED = "used"
NOT_REACHED = "not reached"
FAILED = "failed"
UNSUPPORTED = "unsupported"
MISSING = "not run"
NO_VALUE = "no value"
BELOW_FLOOR = "below the floor"
NOT_POSITIVE = "not positive"


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """An arm at a value.

    Args:
        arm: name; time: where the curves were read, None for the end.
        value: of the swept parameter; x: what the law is a function of.
        state: "used" in the fit, or why not: "not reached" (half of the trials or more), "failed" (all of them),
            "unsupported", "not run" (yet), "no value" (the records do not hold one), "below the floor", "not positive".
        y: the statistic over seeds; low, high: smallest and largest number of a seed. For a "solution", its variance.
        seeds: how many trials the statistic is of, with infinite costs; by_seed: their numbers, None where infinite; {}
            for a "solution".
        trials: how many were asked for.
        failed, not_reached, unsupported, missing, no_value: how many trials gave none, and why.
        floor: of the metric; numbers below it mean nothing.
        sentence: what became of the first trial that gave no number.
    """

    arm: str
    time: float | None
    value: float
    x: float
    state: str
    y: float | None
    low: float | None
    high: float | None
    seeds: int
    by_seed: dict[int, float | None]
    trials: int
    failed: int
    not_reached: int
    unsupported: int
    missing: int
    no_value: int
    floor: float
    sentence: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A fit held against a prediction.

    Args:
        name, value, low, high: the prediction and its band; unit: what they are in, where nobody knows how large it is.
        verdict: "consistent", "not consistent" or "not enough data"; because: why the last one.
    """

    name: str
    value: float
    low: float
    high: float
    verdict: str
    because: str = ""
    unit: str = ""


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A law fitted to an arm, at a time.

    Args:
        arm, time: as in `Point`.
        estimate: the fitted number (the exponent, or the constant of the law "amplitude"); None: there is none, `reason`
            says why.
        low, high: its interval; None: unbounded on that side, or, where both are and `interval` is false, there is none.
        interval: there is one.
        amplitude, exponent, floor: C, a and L of the law.
        used: values in the fit, of `values`; least_seeds: the fewest trials at any of them.
        trials, failed, not_reached, unsupported, missing, no_value: trials of all values, and how many gave no number.
        bend: probability of points so far from the law, if it holds (F test for lack of fit); None: untested.
        judgements: one for every prediction.
    """

    arm: str
    time: float | None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    interval: bool = False
    amplitude: float | None = None
    exponent: float | None = None
    floor: float | None = None
    used: int = 0
    values: int = 0
    least_seeds: int = 0
    trials: int = 0
    failed: int = 0
    not_reached: int = 0
    unsupported: int = 0
    missing: int = 0
    no_value: int = 0
    reason: str = ""
    bend: float | None = None
    judgements: tuple[Judgement, ...] = ()


class Coefficient(msgspec.Struct, frozen=True, kw_only=True):
    """Of a joint law.

    Args:
        name: of its term: "C1 / n".
        positive: theory says that it is above zero.
        estimate, low, high: as in `Fit`.
    """

    name: str
    positive: bool
    estimate: float
    low: float | None = None
    high: float | None = None


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A point beside the joint law.

    Args:
        arm, value, x: as in `Point`.
        y, law: the point and what the law says.
        residual: y / law - 1; None where the law is not above zero.
    """

    arm: str
    value: float
    x: float
    y: float
    law: float
    residual: float | None


class Joint(msgspec.Struct, frozen=True, kw_only=True):
    """One law for the points of all arms.

    Args:
        formula: "y = L + C1 / n".
        coefficients: in the order of terms; () where there is no fit: `reason` says why.
        interval: they have intervals, of confidence `each`.
        used, values: points in the fit, of so many different ones: one that two arms share counts once.
        least_seeds, bend: as in `Fit`.
        shares: the points of all arms that took part.
        verdict, because: as in `Judgement`.
    """

    formula: str
    each: float
    coefficients: tuple[Coefficient, ...] = ()
    interval: bool = False
    used: int = 0
    values: int = 0
    least_seeds: int = 0
    bend: float | None = None
    shares: tuple[Share, ...] = ()
    reason: str = ""
    verdict: str = ""
    because: str = ""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All of a study.

    Args:
        study, summary, source: of the entry.
        swept, against, quantity, statistic, law, clock: of the entry; `against` is filled in.
        confidence: of all intervals together; each: of one of them.
        seeds, budget: as run.
        points, fits: in the order of arms, times, values.
        joint: one law for all arms; None where the study has none.
    """

    study: str
    summary: str
    source: str
    swept: str
    against: str
    quantity: str
    statistic: str
    law: str
    clock: str
    confidence: float
    each: float
    seeds: int
    budget: float
    points: tuple[Point, ...] = ()
    fits: tuple[Fit, ...] = ()
    joint: Joint | None = None
