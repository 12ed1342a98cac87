"""What a user sees while trials run: a live view on a terminal, one plain line per trial elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from mfbench.journal import Seen, read_journal, values
from mfbench.labels import one_line
from mfbench.plan import Plan
from mfbench.record import Record, Spec, Status
from mfbench.report.figures import duration
from mfbench.session import Observer
from mfbench.trial import Progress

WIDE = 60
"""Columns from which there is room for a bar beside the numbers."""

REFRESH = 2.0
"""Looks at the journals, and redraws, in a second."""


def report_line(record: Record, number: int, total: int) -> str:
    """A finished trial in one line."""
    cell = record.cell
    error = "inf" if record.error is None else f"{record.error:.3g}"
    outcome = f"{record.headline} {error}" if record.status is Status.OK else str(record.status)
    name = f"{cell.problem} {cell.solver} seed {cell.seed}"
    return one_line(f"[{number}/{total}] {name}: {outcome}; {record.sentence}")


@contextmanager
def observer(console: Console, specs: list[Spec], plan: Plan) -> Iterator[Observer]:
    """Whoever reports on a session, as fits the console."""
    if not console.is_terminal:
        yield PlainObserver(console, len(specs))
        return
    view = LiveObserver(console, specs, plan)
    with Live(view, console=console, refresh_per_second=REFRESH, transient=True):
        yield view


class PlainObserver:
    """One line per finished trial; no carriage returns."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0

    def started(self, progress: Progress) -> None:
        """Nothing is said of starts."""

    def finished(self, record: Record) -> None:
        """Say what became of a trial."""
        self._done += 1
        text = report_line(record, self._done, self._total)
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass
class Watched:
    """A running trial and how far its journal has been read."""

    progress: Progress
    since: float = field(default_factory=time.monotonic)
    offset: int = 0
    error: float | None = None

    def refresh(self) -> None:
        """Read what the child has added to its journal."""
        for block, offset in read_journal(self.progress.journal, self.offset):
            self.offset = offset
            if isinstance(block, Seen) and len(block.looks) == 8 * len(self.progress.judge.inquiry.looks):
                self.error = self.progress.judge.headline(values(block.looks)).value


class LiveObserver:
    """Running trials with their current errors, a bar, elapsed time and what is left."""

    def __init__(self, console: Console, specs: list[Spec], plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._left = {spec.key: spec for spec in specs}
        self._total = len(specs)
        self._running: dict[str, Watched] = {}
        self._lock = threading.Lock()
        self._bar = Bar(
            TextColumn("{task.description}"),
            *([BarColumn()] if console.width >= WIDE else []),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self._task = self._bar.add_task("trials", total=self._total, left="")

    def started(self, progress: Progress) -> None:
        """Watch a trial's journal from now on."""
        with self._lock:
            self._running[progress.spec.key] = Watched(progress)

    def finished(self, record: Record) -> None:
        """Print a line above the live view and move the bar."""
        with self._lock:
            self._running.pop(record.key, None)
            self._left.pop(record.key, None)
        self._bar.advance(self._task)
        done = int(self._bar.tasks[0].completed)
        text = report_line(record, done, self._total)
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        """The view as it stands now."""
        with self._lock:
            running = list(self._running.values())
            left = list(self._left.values())
        table = Table(box=None, pad_edge=False)
        table.add_column("running", overflow="fold")
        for head in ("seconds", "error now"):
            table.add_column(head, no_wrap=True)  # in a narrow window the name is folded, not the numbers
        for watched in running:
            watched.refresh()
            cell = watched.progress.spec.cell
            table.add_row(
                f"{cell.problem} {cell.solver} seed {cell.seed}",
                f"{time.monotonic() - watched.since:.0f} of {cell.budget:g}",
                "-" if watched.error is None else f"{watched.error:.3g}",
            )
        # What running trials have behind them counts as done.
        spent = sum(time.monotonic() - watched.since for watched in running) / self._plan.jobs
        seconds = max(0.0, 60.0 * self._plan.minutes(left) - spent)
        self._bar.update(self._task, left=f"~ {duration(seconds)} left" if left else "")
        return Group(table, self._bar)
