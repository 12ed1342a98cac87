"""Where the trials of an arm at a value leave their numbers and answers, and what became of those that gave none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mfbench.labels import plain
from mfbench.record import Record, Status

Solution = Callable[[Record, str, float | None], np.ndarray | None]
"""(record, clock, time or None for the end) -> the values of the answer at its judge's points, (m,), or None."""

OTHER_PLACE = "its answer was taken at other points than that of the limit's arm"
ONE_ANSWER = "one answer has no variance"
NO_NUMBER = "it went well, but its record does not hold this number"
NO_ANSWER = "it went well, but no answer of it is kept"


@dataclass(frozen=True)
class Limit:
    """What stands for the limit.

    Args:
        values: (m,) of an answer; None: there is none.
        points: the hash of the points at which they were taken.
        why: there is none.
    """

    values: np.ndarray | None
    points: str = ""
    why: str = ""


@dataclass
class Tray:
    """What the trials at a value gave.

    Args:
        numbers: by seed; rows: by seed, of answers.
        counts: of trials without a number, by the names of `Point`'s fields.
        sentence: what became of the first of them.
        floor: the largest one.
        places: hashes of the points at which answers were taken.
    """

    numbers: dict[int, float] = field(default_factory=dict)
    rows: dict[int, np.ndarray] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("failed", "not_reached", "unsupported", "missing", "no_value"), 0
        )
    )
    sentence: str = ""
    floor: float = 0.0
    places: set[str] = field(default_factory=set)

    @property
    def alike(self) -> bool:
        """All answers were taken at the same points."""
        return len(self.places) == 1 and len({row.shape for row in self.rows.values()}) == 1

    def without(self, name: str, sentence: str) -> None:
        """Count a trial that gave no finite number."""
        self.counts[name] += 1
        self.sentence = self.sentence or sentence


def take_number(tray: Tray, seed: int, record: Record, number: float | None, costs: bool) -> None:
    """Put a trial's number in its place, or count it among those without."""
    # Who did not even begin within the budget has not reached the target either, but did nothing wrong.
    failed = record.status is not Status.OK and not (costs and record.status is Status.TIMEOUT)
    if number is None:
        tray.without(*(("failed", record.sentence) if failed else ("no_value", NO_NUMBER)))
    elif math.isfinite(number):
        tray.numbers[seed] = number
    else:
        tray.without("not_reached" if costs and not failed else "failed", record.sentence)
        if costs:
            tray.numbers[seed] = number


def take_answer(
    tray: Tray, seed: int, record: Record, solution: Solution, clock: str, time: float | None
) -> None:
    """Put a trial's answer in its place, or count it among those without."""
    failed = record.status is not Status.OK
    row = None if failed else solution(record, clock, time)
    if row is None:
        kept = NO_ANSWER if time is None else f"{NO_ANSWER} at {clock} = {plain(time)}"
        tray.without(*(("failed", record.sentence) if failed else ("no_value", kept)))
    elif not np.all(np.isfinite(row)):
        tray.without("failed", record.sentence)
    else:
        tray.rows[seed] = row
        tray.places.add(record.points)


def limit_of(
    name: str, records: Sequence[Record | None], solution: Solution, clock: str, time: float | None
) -> Limit:
    """The mean answer of the limit's arm; none where one of its trials has none, or elsewhere than the others."""
    tray, not_run = Tray(), 0
    for seed, record in enumerate(records):
        if record is None or record.status is Status.INTERRUPTED:
            not_run += 1
        else:
            take_answer(tray, seed, record, solution, clock, time)
    lost = len(records) - len(tray.rows)
    if lost:
        why = f"{lost} of {len(records)} trials of the limit's arm, {name}, gave no answer"
        why += f", {not_run} were not run" if not_run else ""
        return Limit(None, why=f"{why}: {tray.sentence}" if tray.sentence else why)
    if not tray.alike:
        return Limit(None, why=f"the answers of the limit's arm, {name}, were taken at different points")
    return Limit(np.mean(list(tray.rows.values()), axis=0), tray.places.pop())


def deviate(tray: Tray, limit: Limit) -> None:
    """Turn answers into numbers: the root mean square of what they differ from the limit by."""
    for seed, row in tray.rows.items():
        if limit.values is None:
            tray.without("no_value", limit.why)
        elif tray.places != {limit.points} or row.shape != limit.values.shape:
            tray.without("no_value", OTHER_PLACE)
        else:
            tray.numbers[seed] = float(np.sqrt(np.mean((row - limit.values) ** 2)))
    tray.rows = {}
