"""The clock that is scored, and the grid of times at which a trial is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_RATIO = 10 ** (1 / 10)
"""Looks are ten to a decade of seconds."""

FIRST_LOOK = 0.01
FORCED_SHARE = 0.01
"""A checkpoint is forced at least once in this share of the budget, so that queued work shows."""

MOST_MILESTONES = 32
"""Checkpoints of a trial that are looked at because the solver says so."""


def most_looks(budget: float) -> int:
    """No trial of this budget is looked at more often, its milestones and its scored checkpoint included."""
    return 3 + MOST_MILESTONES + max(0, math.ceil(math.log(budget / FIRST_LOOK) / math.log(LOOK_RATIO)))


class Clock:
    """Seconds since it was made, without the stretches in which it was paused."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._start = now()
        self.paused_seconds = 0.0

    def seconds(self) -> float:
        """The reading."""
        return self._now() - self._start - self.paused_seconds

    @contextmanager
    def paused(self) -> Iterator[None]:
        """A stretch that does not count."""
        before = self._now()
        try:
            yield
        finally:
            self.paused_seconds += self._now() - before


class Schedule:
    """When the next look and the next forced reading are due.

    Args:
        budget: seconds.
    """

    def __init__(self, budget: float) -> None:
        self._force_every = FORCED_SHARE * budget
        self._next_look = 0.0
        self._next_force = 0.0

    def force_due(self, seconds: float) -> bool:
        """A reading that waits for queued work is due."""
        return seconds >= min(self._next_look, self._next_force)

    def look_due(self, seconds: float) -> bool:
        """The values at the judge's points are due."""
        return seconds >= self._next_look

    def forced(self, seconds: float) -> None:
        """A forced reading was taken."""
        self._next_force = seconds + self._force_every

    def looked(self, seconds: float) -> None:
        """A look was taken."""
        self._next_look = max(FIRST_LOOK, seconds * LOOK_RATIO)
