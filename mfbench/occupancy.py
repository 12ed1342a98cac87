"""How busy cores are, whoever uses them, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

STAT = Path("/proc/stat")
IDLE = (3, 4)
"""Columns of a core's line that count no work: idle, and waiting for a disk (Linux, proc(5))."""

GUEST = (8, 9)
"""Columns that others contain already."""


def busy_seconds(cores: Iterable[int]) -> float | None:
    """Seconds for which these cores have worked since the machine started, or were taken away by its hypervisor.

    In ticks of mostly 0.01 s; None where the kernel does not tell.
    """
    wanted = {f"cpu{core}" for core in cores}
    try:
        lines = [line.split() for line in STAT.read_text().splitlines()]
    except OSError:
        return None
    found = [list(map(int, line[1:])) for line in lines if line and line[0] in wanted]
    if not found or len(found) < len(wanted):
        return None
    ticks = sum(count for line in found for i, count in enumerate(line) if i not in (*IDLE, *GUEST))
    return ticks / os.sysconf("SC_CLK_TCK")


def by_others(before: float | None, after: float | None, own: float | None) -> float | None:
    """What was used of some cores between two readings beyond one's own processor seconds; None if unknown."""
    if before is None or after is None or own is None:
        return None
    return max(0.0, after - before - own)
