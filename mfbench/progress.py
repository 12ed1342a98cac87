"""What a user sees while trials run: a live view on a terminal, one plain line per trial elsewhere."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from mfbench.journal import Seen, read_journal, values
from mfbench.labels import canonical, contender_labels, one_line
from mfbench.plan import Plan
from mfbench.record import Cell, Record, Spec, Status
from mfbench.report.figures import duration
from mfbench.session import Observer
from mfbench.trial import Progress

WIDE = 60
"""Columns from which there is room for a bar beside the numbers."""

REFRESH = 2.0
"""Looks at the journals, and redraws, in a second."""


def trial_names(specs: list[Spec]) -> Callable[[Cell], str]:
    """Short names of trials: of the parameters only those that tell these trials apart."""

    def problem(cell: Cell) -> tuple[str, str]:
        return cell.problem, canonical(cell.problem_parameters)

    def solver(cell: Cell) -> tuple[str, str]:
        return cell.solver, canonical(cell.solver_parameters)

    cells = [spec.cell for spec in specs]
    problems = contender_labels({problem(cell) for cell in cells})
    solvers = contender_labels({solver(cell) for cell in cells})
    return lambda cell: f"{problems[problem(cell)]} {solvers[solver(cell)]} seed {cell.seed}"


def report_line(record: Record, name: str, number: int, total: int) -> str:
    """A finished trial in one line."""
    error = "inf" if record.error is None else f"{record.error:.3g}"
    outcome = f"{record.headline} {error}" if record.status is Status.OK else str(record.status)
    return one_line(f"[{number}/{total}] {name}: {outcome}; {record.sentence}")


@contextmanager
def observer(console: Console, specs: list[Spec], plan: Plan) -> Iterator[Observer]:
    """Whoever reports on a session, as fits the console."""
    if not console.is_terminal:
        yield PlainObserver(console, specs)
        return
    view = LiveObserver(console, specs, plan)
    with Live(view, console=console, refresh_per_second=REFRESH, transient=True):
        yield view


class PlainObserver:
    """One line per finished trial; no carriage returns."""

    def __init__(self, console: Console, specs: list[Spec]) -> None:
        self._console = console
        self._name = trial_names(specs)
        self._total = len(specs)
        self._done = 0

    def started(self, progress: Progress) -> None:
        """Nothing is said of starts."""

    def finished(self, record: Record) -> None:
        """Say what became of a trial."""
        self._done += 1
        text = report_line(record, self._name(record.cell), self._done, self._total)
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


@dataclass
class Watched:
    """A running trial and how far its journal has been read."""

    progress: Progress
    since: float
    offset: int = 0
    error: float | None = None

    def refresh(self) -> None:
        """Read what the child has added to its journal."""
        for block, offset in read_journal(self.progress.journal, self.offset):
            self.offset = offset
            if isinstance(block, Seen) and len(block.looks) == 8 * len(self.progress.judge.inquiry.looks):
                self.error = self.progress.judge.headline(values(block.looks)).value


class Pace:
    """How long trials take beside what the plan allows them: solvers may end by themselves long before their budget."""

    def __init__(self) -> None:
        self._took: dict[str, float] = defaultdict(float)
        self._expected: dict[str, float] = defaultdict(float)

    def learn(self, solver: str, took: float, expected: float) -> None:
        """A trial of a solver has ended after so many seconds."""
        for name in (solver, ""):
            self._took[name] += took
            self._expected[name] += expected

    def of(self, solver: str) -> float:
        """Seconds for each expected one: the solver's own, else that of all trials, 1 before the first has ended."""
        name = solver if solver in self._took else ""
        return self._took[name] / self._expected[name] if self._expected[name] else 1.0


class LiveObserver:
    """Running trials with their current errors, a bar, elapsed time and what is left."""

    def __init__(self, console: Console, specs: list[Spec], plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._name = trial_names(specs)
        self._pace = Pace()
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
            self._running[progress.spec.key] = Watched(progress, since=time.monotonic())

    def finished(self, record: Record) -> None:
        """Print a line above the live view and move the bar."""
        with self._lock:
            watched = self._running.pop(record.key, None)
            self._left.pop(record.key, None)
            if watched is not None:
                took = time.monotonic() - watched.since
                self._pace.learn(record.cell.solver, took, self._plan.expected[record.key])
        self._bar.advance(self._task)
        done = int(self._bar.tasks[0].completed)
        text = report_line(record, self._name(record.cell), done, self._total)
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
                one_line(self._name(cell)),
                f"{time.monotonic() - watched.since:.0f} of {cell.budget:g}",
                "-" if watched.error is None else f"{watched.error:.3g}",
            )
        self._bar.update(self._task, left=f"~ {duration(self._seconds(left, running))} left" if left else "")
        return Group(table, self._bar)

    def _seconds(self, left: list[Spec], running: list[Watched]) -> float:
        """Wall seconds until the last trial has ended, by how long those before it took."""
        with self._lock:
            expected = {
                spec.key: self._plan.expected[spec.key] * self._pace.of(spec.cell.solver) for spec in left
            }
        # What running trials have behind them counts as done.
        spent = sum(
            min(time.monotonic() - watched.since, expected.get(watched.progress.spec.key, 0.0))
            for watched in running
        )
        return max(1.0, 60.0 * replace(self._plan, expected=expected).minutes(left) - spent / self._plan.jobs)
