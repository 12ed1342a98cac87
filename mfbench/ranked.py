"""Records as ranked tables. Apart from the other views, since it needs neither plugins nor a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from mfbench.newest import Here, nowhere
from mfbench.ranking import rank
from mfbench.record import Cell, Record
from mfbench.report.tables import render
from mfbench.terminal import terminal
from mfbench.work_checks import read_checks


def tables_text(
    records: Iterable[Record],
    style: str,
    folders: Iterable[Path] = (),
    here: Here = nowhere,
    *,
    reducible: Callable[[Cell], bool],
) -> str:
    """Ranked tables in a format; what is known of reported work comes from the folders."""
    return render(rank(records, read_checks(folders), here, reducible), style, **terminal())
