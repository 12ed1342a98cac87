"""From the records of a study to its findings: numbers by value and seed, then one fit for every arm and time.

A value takes part in a fit if the statistic over its seeds is finite and above the metric's floor. If one is not
positive, the whole fit is ill-posed: these laws have logarithms. With fewer values than the law has numbers there is no
fit, with fewer than three seeds at a value no interval. All intervals of a study hold together (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from mfbench import fits, resampling
from mfbench.labels import plain
from mfbench.record import Record, Status, finite
from mfbench.studies import findings as found
from mfbench.studies.arms import Group
from mfbench.studies.design import Design
from mfbench.studies.findings import Findings, Fit, Point
from mfbench.studies.gathering import gather
from mfbench.studies.joint import fit_joint
from mfbench.studies.measuring import Quantity
from mfbench.studies.trays import Limit, Solution, limit_of
from mfbench.studies.verdicts import judge
from mfbench.study import Arm, StudyEntry
from mfbench.study_contract import CLOCK, LAWS, LEAST_SEEDS, abscissa_name

Pairs = list[tuple[Point, np.ndarray]]
"""Points with their samples."""

ALIKE = 1e-6
"""Relative; what is exact is the same in all trials up to that."""


def analyse(
    design: Design, records: Mapping[str, Record], xs: Mapping[Group, float], solution: Solution
) -> Findings:
    """Fit and judge a study.

    Args:
        design: the study and its trials.
        records: by key; a trial without one has not been run.
        xs: what the law is a function of.
        solution: reads the stored values of a record, for the quantity "solution".
    """
    entry = design.entry
    times: tuple[float | None, ...] = entry.times or (None,)
    comparisons = len(entry.arms) * (1 if entry.against == CLOCK else len(times))
    each = 1.0 - (1.0 - entry.confidence) / comparisons
    limits: dict[float | None, Limit | None] = {
        time: None
        if design.limit is None
        else limit_of(
            design.limit.arm.name,
            [records.get(key) for key in design.limit.keys],
            solution,
            entry.clock,
            time,
        )
        for time in times
    }
    points: list[Point] = []
    fitted: list[Fit] = []
    measured: list[tuple[Group, Point, np.ndarray]] = []
    for arm in entry.arms:
        groups = [group for group in design.groups if group.arm is arm]
        told = [records[key] for group in groups for key in group.keys if key in records]
        by_time = {
            time: [
                gather(
                    entry,
                    group,
                    xs[group],
                    time,
                    [records.get(key) for key in group.keys],
                    solution,
                    limits[time],
                )
                for group in groups
            ]
            for time in times
        }
        measured += [
            (group, *pair) for pairs in by_time.values() for group, pair in zip(groups, pairs, strict=True)
        ]
        for time, pairs in along_the_clock(by_time) if entry.against == CLOCK else by_time.items():
            pairs.sort(key=lambda pair: pair[0].x)
            points.extend(point for point, _ in pairs)
            fitted.append(judged(entry, arm, fit_arm(entry, arm, time, pairs, each), told))
    return Findings(
        study=entry.name,
        summary=entry.summary,
        source=entry.source,
        swept=entry.swept,
        against=abscissa_name(entry),
        quantity=entry.quantity,
        statistic=entry.statistic,
        law=entry.law,
        clock=entry.clock,
        confidence=entry.confidence,
        each=each,
        seeds=entry.seeds,
        budget=float(entry.budget),
        points=tuple(points),
        fits=tuple(fitted),
        joint=fit_joint(entry, measured) if entry.joint else None,
    )


def along_the_clock(by_time: Mapping[float | None, Pairs]) -> list[tuple[None, Pairs]]:
    """The points of all times as those of one fit, each with its time as x."""
    return [
        (
            None,
            [
                (msgspec.structs.replace(point, time=None, x=float(time or 0.0)), sample)
                for time, pairs in by_time.items()
                for point, sample in pairs
            ],
        )
    ]


def fit_arm(entry: StudyEntry, arm: Arm, time: float | None, pairs: Pairs, confidence: float) -> Fit:
    """The law fitted to the values that take part, with its interval; or why there is none."""
    points = [point for point, _ in pairs]
    used = [(point, sample) for point, sample in pairs if point.state == found.USED]
    # A law of the clock reads the same trials again and again.
    together = max if entry.against == CLOCK else sum
    counts = {
        name: together(getattr(point, name) for point in points)
        for name in ("trials", "failed", "not_reached", "unsupported", "missing", "no_value")
    }
    least = min((point.seeds for point, _ in used), default=0)
    fit = Fit(arm=arm.name, time=time, used=len(used), values=len(points), least_seeds=least, **counts)
    reason = ill_posed(entry, points)
    if reason:
        return msgspec.structs.replace(fit, reason=reason)
    x = np.array([point.x for point, _ in used])
    y = np.array([point.y for point, _ in used])
    curve = fits.fit(entry.law, x, y, entry.exponent)
    if math.isnan(curve.estimate):
        return msgspec.structs.replace(fit, reason="no exponent: C = 0 fits best, a constant")
    if entry.law == "amplitude" and not 0.0 < curve.estimate < math.inf:
        return msgspec.structs.replace(fit, reason="C is larger or smaller than numbers can be")
    if not math.isfinite(curve.estimate):
        return msgspec.structs.replace(
            fit, reason=f"the exponent ran beyond {fits.STEEPEST:g}, the end of its search"
        )
    what = {
        "estimate": curve.estimate,
        "amplitude": finite(curve.amplitude),
        "exponent": finite(curve.exponent),
        "floor": finite(curve.floor),
    }
    alike = Quantity.of(entry.quantity).share and all(np.nanmin(one) == np.nanmax(one) for _, one in used)
    if least < LEAST_SEEDS or alike:  # three trials of three do not show that it is all of them
        return msgspec.structs.replace(fit, **what)
    searched = entry.law == "power-with-floor"
    draws = resampling.resampled(
        entry.statistic,
        [sample for _, sample in used],
        resampling.SEARCHED if searched else resampling.RESAMPLES,
    )
    replicates = fits.estimates(entry.law, x, draws, entry.exponent)
    if entry.law == "amplitude":  # it is fitted as a logarithm, and above zero
        with np.errstate(divide="ignore"):
            low, high = np.exp(
                resampling.interval(np.log(replicates), math.log(curve.estimate), confidence, least)
            )
    else:
        low, high = resampling.interval(replicates, curve.estimate, confidence, least)
    bend = resampling.bend(curve, x, y, draws, least)
    return msgspec.structs.replace(fit, low=finite(low), high=finite(high), interval=True, bend=bend, **what)


def ill_posed(entry: StudyEntry, points: list[Point]) -> str:
    """Why a law cannot be fitted to these points; "" if it can."""
    for point in points:
        if point.state == found.NOT_POSITIVE:
            shown = "some of its numbers" if point.y is None else f"{point.y:.3g}"
            name, value = (
                (abscissa_name(entry), point.x)
                if entry.against == CLOCK
                else (entry.swept.partition(".")[2], point.value)
            )
            return f"{shown} at {name} = {plain(value)}: not positive, so it has no logarithm"
    used = [point for point in points if point.state == found.USED]
    if not used:
        states = list(dict.fromkeys(point.state for point in points))
        return f"no point to fit: {', '.join(states)}"
    different = {point.x for point in used}
    if len(different) < LAWS[entry.law]:
        number = f"{len(different)} of {len(points)} values"
        return f"{number} can be used; the law needs {LAWS[entry.law]} different ones at least"
    if len(different) < len(used):
        twice = next(x for x in sorted(different) if sum(point.x == x for point in used) > 1)
        return f"{abscissa_name(entry)} = {plain(twice)} stands for more than one value"
    if entry.law != "exponential" and min(different) <= 0:
        return f"x = {min(different):g} is not positive; this law has its logarithm"
    return ""


def judged(entry: StudyEntry, arm: Arm, fit: Fit, records: Sequence[Record]) -> Fit:
    """A fit with its verdicts; `records` are all of the arm."""
    return msgspec.structs.replace(
        fit,
        judgements=tuple(
            judge(fit, one, entry.least_seeds, unit_told(one.unit, records) if one.unit else 1.0)
            for one in arm.predictions or entry.predictions
        ),
    )


def unit_told(name: str, records: Sequence[Record]) -> float | None:
    """What all trials that are ok report under a name; None where they do not, or differ by more than round-off."""
    told = [record.reports.get(name) for record in records if record.status is Status.OK]
    numbers = [number for number in told if number is not None]
    if not told or len(numbers) < len(told) or max(numbers) - min(numbers) > ALIKE * abs(numbers[0]):
        return None
    return float(numbers[0])
