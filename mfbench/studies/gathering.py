"""The point that an arm has at a value, from the numbers of its trials.

A trial that failed (diverged, timeout, crashed, error, out of memory), or whose number is not finite, gives none and is
counted. Of a cost it is infinite, as is that of a trial that did not reach the target: leaving out the slow ones would
make a solver look fast.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from mfbench import resampling
from mfbench.record import Record, Status, finite
from mfbench.studies import findings as found
from mfbench.studies.arms import Group
from mfbench.studies.findings import Point
from mfbench.studies.measuring import Quantity, error_at
from mfbench.studies.trays import (
    ONE_ANSWER,
    Limit,
    Solution,
    Tray,
    deviate,
    take_answer,
    take_number,
)
from mfbench.study import StudyEntry

OTHER_POINTS = "the answers of its seeds were taken at different points and have no variance"


def gather(
    entry: StudyEntry,
    group: Group,
    x: float,
    time: float | None,
    records: Sequence[Record | None],
    solution: Solution,
    limit: Limit | None = None,
) -> tuple[Point, np.ndarray]:
    """The numbers of an arm at a value: what is shown, and the sample that is fitted, (R,) or (R, m), NaN where none is.

    Args:
        entry, group: the study, and the trials.
        x: what the law is a function of.
        time: where curves are read; None for the end.
        records: by seed; None: not run.
        solution: reads an answer.
        limit: the mean answer of the limit's arm at that time.
    """
    quantity, tray = Quantity.of(entry.quantity), Tray()
    for seed, record in enumerate(records):
        if record is None or record.status is Status.INTERRUPTED:
            tray.without("missing", "" if record is None else record.sentence)
        elif record.status is Status.UNSUPPORTED:
            tray.without("unsupported", record.sentence)
        elif quantity.of_answers:
            take_answer(tray, seed, record, solution, entry.clock, time)
        else:
            number = quantity.measure(record) if time is None else error_at(record, entry.clock, time)
            take_number(tray, seed, record, number, quantity.costs)
            # A share of R trials is no smaller than 1 / R, unless it cannot be told from 0.
            floor = 0.5 / len(records) if quantity.share else quantity.floor(record)
            tray.floor = max(tray.floor, floor)
    if limit is not None:
        deviate(tray, limit)
    if quantity.kind == "solution":
        if tray.rows and not tray.alike:
            tray.sentence = OTHER_POINTS
        elif len(tray.rows) == 1:
            tray.sentence = tray.sentence or ONE_ANSWER
        sample = _by_seed(tray.rows, len(records)) if tray.alike else np.full(len(records), np.nan)
        seeds = len(tray.rows) if tray.alike else 0
    else:
        sample, seeds = _by_seed(tray.numbers, len(records)), len(tray.numbers)
    y = float(resampling.centres(entry.statistic, [sample])[0]) if seeds else math.nan
    state = _state(y, tray, entry.statistic, quantity.share)
    if state == found.NOT_POSITIVE and entry.statistic == "geometric-mean":
        y = math.nan  # there is none of such numbers
    # The numbers behind a variance lie elsewhere than it does.
    shown = [] if entry.statistic == "variance" else sorted(tray.numbers.values())
    point = Point(
        arm=group.arm.name,
        time=time,
        value=group.value,
        x=x,
        state=state,
        y=finite(y),
        low=finite(shown[0]) if shown else None,
        high=finite(shown[-1]) if shown else None,
        seeds=seeds,
        by_seed={seed: finite(number) for seed, number in tray.numbers.items()},
        trials=len(records),
        floor=tray.floor,
        sentence=tray.sentence,
        **tray.counts,
    )
    return point, sample


def _by_seed(numbers: Mapping[int, np.ndarray] | Mapping[int, float], seeds: int) -> np.ndarray:
    """The numbers (or rows) of all seeds, NaN for those that have none: (R,) or (R, m)."""
    shape = np.asarray(next(iter(numbers.values()))).shape if numbers else ()
    sample = np.full((seeds, *shape), np.nan)
    for seed, number in numbers.items():
        sample[seed] = number
    return sample


def _state(y: float, tray: Tray, statistic: str, share: bool) -> str:
    """That a value takes part, or why it does not."""
    if statistic == "geometric-mean" and any(number <= 0 for number in tray.numbers.values()):
        return found.NOT_POSITIVE
    if math.isinf(y) or not (tray.numbers or tray.rows):
        return _silence(tray.counts)
    if math.isnan(y):
        return found.NO_VALUE
    if y <= 0 and not share:
        return found.NOT_POSITIVE
    return found.BELOW_FLOOR if y <= tray.floor else found.USED


def _silence(counts: Mapping[str, int]) -> str:
    """Why a value has no number, where several trials have different reasons."""
    for state, name in (
        (found.NOT_REACHED, "not_reached"),
        (found.FAILED, "failed"),
        (found.UNSUPPORTED, "unsupported"),
        (found.MISSING, "missing"),
    ):
        if counts[name]:
            return state
    return found.NO_VALUE
