"""An error curve read at one place: the error at equal work, the seconds to an equal error.

Two trials are never looked at in the same moment, so both are read between their looks, on straight lines in
logarithms. Solvers whose error falls in steps (a ladder of grids) are looked at on every step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from sys import float_info

from mfbench.record import Look

KINDS = ("evaluations",)
"""Kinds of work that come first where two trials have counted several."""


def common_work(first: Sequence[Look], second: Sequence[Look]) -> tuple[str, int] | None:
    """The kind of work that both curves count, and the most of it that both have done; None: there is none."""
    if not first or not second:
        return None
    ends = first[-1].work, second[-1].work
    shared = ends[0].keys() & ends[1].keys()
    for kind in (*KINDS, *sorted(shared - set(KINDS))):
        if kind in shared:
            return kind, min(end[kind] for end in ends)
    return None


def error_at_work(curve: Sequence[Look], kind: str, work: int, floor: float) -> float:
    """The error when so much work of a kind was done; infinite before the first look.

    Args:
        curve: looks in the order of time; work does not fall.
        kind, work: where to read it; not beyond the last look.
        floor: errors below it are alike and count as it.
    """
    before: Look | None = None
    for look in curve:
        done = look.work.get(kind, 0)
        if done > work:
            if before is None:
                return math.inf
            start = before.work.get(kind, 0)
            share = (
                math.log(max(work, 1) / max(start, 1)) / math.log(done / max(start, 1)) if done > 1 else 0.0
            )
            return _between(_error(before, floor), _error(look, floor), share)
        before = look
    return math.inf if before is None else _error(before, floor)


def error_at_seconds(curve: Sequence[Look], seconds: float, floor: float) -> float:
    """The error when the clock read so many seconds; infinite before the first look.

    Args:
        curve: looks in the order of time.
        seconds: where to read it, > 0; not beyond the last look.
        floor: errors below it are alike and count as it.
    """
    before: Look | None = None
    for look in curve:
        if look.seconds > seconds:
            if before is None:
                return math.inf
            start = (
                before.seconds if before.seconds > 0.0 else seconds
            )  # no logarithm of 0: the look counts as it is
            share = math.log(seconds / start) / math.log(look.seconds / start)
            return _between(_error(before, floor), _error(look, floor), share)
        before = look
    return math.inf if before is None else _error(before, floor)


def seconds_to_error(curve: Sequence[Look], level: float, floor: float) -> float:
    """The clock reading at which a curve first comes down to an error; infinite if it never does.

    Args:
        curve: looks in the order of time.
        level: the error, not below the floor.
        floor: errors below it are alike and count as it.
    """
    before: Look | None = None
    level = max(level, floor, float_info.min)
    for look in curve:
        error = _error(look, floor)
        if error <= level:
            above = math.inf if before is None else _error(before, floor)
            if before is None or not math.isfinite(above) or before.seconds <= 0.0:
                return look.seconds
            share = math.log(above / level) / math.log(above / error)
            return _between(before.seconds, look.seconds, share)
        before = look
    return math.inf


def _error(look: Look, floor: float) -> float:
    return math.inf if look.error is None else max(look.error, floor, float_info.min)


def _between(first: float, second: float, share: float) -> float:
    """On the line of logarithms between two numbers; infinite where either is."""
    if math.isinf(first) or math.isinf(second):
        return math.inf
    return math.exp((1.0 - share) * math.log(first) + share * math.log(second))
