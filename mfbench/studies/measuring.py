"""The number that a study takes from a record."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mfbench.curves import error_at_seconds, error_at_work
from mfbench.record import Look, Record, Status
from mfbench.study_contract import COSTS, SHARE, split_bound, split_quantity


@dataclass(frozen=True)
class Quantity:
    """What is measured in each trial: see `study.StudyEntry.quantity`.

    Args:
        kind: "error", "metric", "report", "below", "seconds-to", "work-to", "solution" or "deviation".
        name: of the metric or report.
        target: of the costs; bound of "below".
    """

    kind: str
    name: str = ""
    target: float = 0.0

    @classmethod
    def of(cls, text: str) -> Quantity:
        """Read "seconds-to:0.1"."""
        kind, name = split_quantity(text)
        if kind == SHARE:
            return cls(kind, *split_bound(name))
        return cls(kind, target=float(name)) if kind in COSTS else cls(kind, name)

    @property
    def share(self) -> bool:
        """It is 1 or 0, so that its mean is a share of trials."""
        return self.kind == SHARE

    @property
    def of_answers(self) -> bool:
        """It is made from the values of answers, which lie beside the records."""
        return self.kind in ("solution", "deviation")

    @property
    def costs(self) -> bool:
        """It is what a target costs."""
        return self.kind in COSTS

    def measure(self, record: Record) -> float | None:
        """The number at the end of a trial; None: the record does not hold it.

        A cost is infinite where the target is not reached, also by a trial that failed; everything else is a number of
        a trial that is ok, and infinite where it is not finite.
        """
        if self.costs:
            return self._cost(record)
        if record.status is not Status.OK:
            return None
        if self.kind in ("report", SHARE):
            told = record.reports.get(self.name)
            return told if told is None or self.kind == "report" else float(told < self.target)
        metric = record.metrics.get(self.name or record.headline)
        if metric is None:
            return None
        if metric.value is None:
            return math.inf
        # What lies below the floor is alike and counts as it, as in curves.
        return max(metric.value, metric.floor) if metric.value >= 0 else metric.value

    def _cost(self, record: Record) -> float | None:
        if record.status is not Status.OK:
            return math.inf
        known = record.seconds_to_target if self.kind == "seconds-to" else record.work_to_target
        name = repr(self.target)
        if name not in known:  # judged anew, or the target lies below the floor
            return None
        if known[name] is None and self.kind == "work-to" and record.seconds_to_target.get(name) is not None:
            return None  # reached, but nobody counted
        cost = known[name]
        return math.inf if cost is None else float(cost)

    def floor(self, record: Record) -> float:
        """Differences of the quantity below this mean nothing."""
        if self.kind not in ("error", "metric"):
            return 0.0
        metric = record.metrics.get(self.name or record.headline)
        return 0.0 if metric is None else metric.floor


def error_at(record: Record, clock: str, time: float) -> float | None:
    """The headline error when a trial's clock read `time`; None where its curve does not hold that moment.

    Args:
        record: of a trial.
        clock: "seconds" or a kind of work.
        time: in it.
    """
    curve = record.curve
    if record.status is not Status.OK or not curve:
        return None
    if not _reading(curve[0], clock) <= time <= _reading(curve[-1], clock):
        return None
    floor = Quantity("error").floor(record)
    if clock == "seconds":
        return error_at_seconds(curve, time, floor)
    return error_at_work(curve, clock, math.floor(time), floor)


def _reading(look: Look, clock: str) -> float:
    return look.seconds if clock == "seconds" else look.work.get(clock, -1)
