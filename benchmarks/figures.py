"""Tables of figures: every row measured by trials over seeds, printed beside its goals and the controls.

What the scripts of this folder share that hold solvers against goals; it is not run by itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from goals import Figure, Row, evaluations, seconds
from tabulate import tabulate

from mfbench import executors, session
from mfbench.names import Selector
from mfbench.plan import make_plan
from mfbench.record import Record
from mfbench.registry import Registry, load_registry
from mfbench.request import Request
from mfbench.store import Store

AMOUNTS = {
    "seconds": (seconds, (0.1, 0.3, 1, 5, 15, 30, 60, 120, 300)),
    "evaluations": (evaluations, [10**power for power in range(4, 12)]),
}
"""What errors fall with, how a look tells it, and where it is shown."""


class Printer:
    """Tells of every trial on the standard error stream; the table alone goes to the output."""

    def started(self, progress):
        pass

    def finished(self, record):
        error = "inf" if record.error is None else f"{record.error:.2e}"
        cell = record.cell
        print(
            f"  {cell.solver} seed {cell.seed}: {record.status}, error {error}; {record.sentence}",
            file=sys.stderr,
            flush=True,
        )


@dataclass(frozen=True)
class Line:
    """What was measured in a row: its solvers over all seeds, and the controls that take the problem, over one."""

    row: Row
    figures: list[Figure]
    controls: list[Figure]

    @property
    def reducible(self) -> bool:
        """A control, which learns nothing, reaches what a solver is to reach."""
        goals = [figure.goal.goal for figure in self.figures if figure.goal is not None]
        return bool(goals) and any(control.median <= max(goals) for control in self.controls)


@dataclass(frozen=True)
class Bench:
    """Runs trials and keeps their records; what a store has already is not run again."""

    registry: Registry
    store: Store

    def records(self, request: Request) -> list[Record]:
        """Of every trial of a request, also of what is not supported."""
        plan = make_plan(request, self.registry, cores=len(os.sched_getaffinity(0)))
        todo = session.split(plan, self.store)
        return session.run(plan, todo, self.store, executors.local(plan.jobs), Printer(), lambda: False)

    def figure(self, row: Row, solver: str, seeds: int, rival: float | None = None) -> Figure:
        """One solver in one row; rows of the same instance and budget share their trials."""
        request = Request(
            problems=(row.selector,),
            solvers=(Selector(solver, {}),),
            seeds=seeds,
            budget=row.budget,
        )
        return Figure(row, solver, self.records(request), rival)

    def controls(self, task: str) -> list[str]:
        """Names of a task's controls."""
        return [name for (of, name), entry in self.registry.solvers.items() if of == task and entry.control]

    def run(self, rows: Sequence[Row], solvers: Sequence[str], seeds: int) -> None:
        """Run whatever the lines of these rows need and the store has not."""
        for request in sessions(rows, solvers, self.controls, seeds):
            (solver,), many = request.solvers, len(request.problems)
            print(f"{solver.glob} on {many} problems, {request.budget:g} s", file=sys.stderr, flush=True)
            self.records(request)

    def line(self, row: Row, solvers: Sequence[str], seeds: int) -> Line:
        """A row with these solvers, or with those that it has goals for."""
        figures, rival = [], None
        for solver in row.solvers(solvers):
            figures.append(self.figure(row, solver, seeds, rival))
            if solver == row.against and not figures[-1].why_not:
                rival = figures[-1].median
        controls = [self.figure(row, name, 1) for name in self.controls(row.problem.partition("/")[0])]
        return Line(row, figures, [control for control in controls if not control.why_not])


def sessions(
    rows: Sequence[Row], solvers: Sequence[str], controls: Callable[[str], list[str]], seeds: int
) -> list[Request]:
    """All trials of the rows, those of a solver with one budget together, so that no core waits between rows.

    Args:
        rows: of the table.
        solvers: instead of those that rows have goals for, if there are any.
        controls: task -> their names; they have one seed.
        seeds: of the others.
    """
    wanted: dict[tuple[str, float, int], dict[str, Selector]] = defaultdict(dict)
    for row in rows:
        pairs = [(name, seeds) for name in row.solvers(solvers)]
        pairs += [(name, 1) for name in controls(row.problem.partition("/")[0])]
        for name, number in pairs:
            wanted[name, row.budget, number][row.title] = row.selector
    return [
        Request(problems=tuple(them.values()), solvers=(Selector(name, {}),), seeds=number, budget=budget)
        for (name, budget, number), them in wanted.items()
    ]


@contextmanager
def bench(output: str | None) -> Iterator[Bench]:
    """Trials whose records go to a folder, a temporary one if none is given."""
    with tempfile.TemporaryDirectory() as folder:
        yield Bench(load_registry(), Store(Path(output or folder)))


def table(rows: Sequence[Row], description: str) -> int:
    """Parse a script's arguments, measure its rows and print them; 0 if every goal is reached, by
    all seeds evenly, else 1."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="rows whose title holds it; may be given again"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder of the records; a temporary one if not given"
    )
    parser.add_argument("--format", choices=("text", "markdown"), default="text")
    parser.add_argument("solvers", nargs="*", metavar="SOLVER")
    asked = parser.parse_args()
    chosen = [row for row in rows if any(word in row.title for word in asked.only or [""])]
    with bench(asked.output) as trials:
        trials.run(chosen, asked.solvers, asked.seeds)
        lines = [trials.line(row, asked.solvers, asked.seeds) for row in chosen]
    print(markdown(lines) if asked.format == "markdown" else text(lines))
    return int(not all(figure.reached for line in lines for figure in line.figures))


def text(lines: Sequence[Line]) -> str:
    """All rows for the terminal, and under them how errors fall."""
    told = []
    for line in lines:
        told.append(f"{line.row.title} {line.row.name}, {line.row.budget:g} s")
        told += [f"    in print: {line.row.elsewhere}"] if line.row.elsewhere else []
        for figure in line.figures:
            covered = f"; error bars hold the reference in {figure.covered}" if figure.covered else ""
            told.append(f"    {figure.solver:14s} {asked_of(figure)}{outcome(figure)}{covered}")
        told.append(f"    controls: {controls(line)}")
    for title, budget, solver, headline, *falling in curves(lines):
        told.append(f"{solver} on {title}, {budget}, median {headline}")
        told += [f"    by {unit} {errors}" for unit, errors in zip(AMOUNTS, falling, strict=True) if errors]
    return "\n".join(told)


def asked_of(figure: Figure) -> str:
    """Goal and stretch of a solver, with what separates them from what follows."""
    if figure.goal is None:
        return ""
    stretch = "" if figure.goal.stretch is None else f"stretch {figure.goal.stretch:.3g}, "
    return f"goal {figure.goal.goal:.3g}, {stretch}"


def outcome(figure: Figure) -> str:
    """Median and worst of a solver with the verdicts, or why it was not run."""
    if figure.why_not:
        return f"not run: {figure.why_not}"
    return f"median {figure.median:.2e}, worst {figure.worst:.2e} ({verdicts(figure)})"


def verdicts(figure: Figure) -> str:
    """Of the median and of the worst seed."""
    return ", ".join(filter(None, (figure.verdict, figure.spread)))


def controls(line: Line) -> str:
    """The controls of a row, and what they say of it."""
    listed = ", ".join(f"{figure.solver} {figure.median:.2e}" for figure in line.controls)
    return listed + (" (reducible)" if line.reducible else "")


def curves(lines: Sequence[Line]) -> list[list[str]]:
    """How errors fall, once for every instance, budget and solver: title, budget, solver, metric, by seconds, ..."""
    found = {
        (line.row.title, line.row.budget, figure.solver): figure
        for line in lines
        for figure in line.figures
        if any(record.scored for record in figure.records)
    }
    return [
        [
            title,
            f"{budget:g} s",
            solver,
            figure.records[0].headline,
            *(
                "; ".join(f"{limit:g}: {error:.1e}" for limit, error in figure.fall(amount, limits).items())
                for amount, limits in AMOUNTS.values()
            ),
        ]
        for (title, budget, solver), figure in found.items()
    ]


def markdown(lines: Sequence[Line]) -> str:
    """All rows as one table for documents, and under it how errors fall."""
    figures = [
        [
            line.row.title,
            line.row.name,
            figure.solver,
            asked_of(figure).rstrip(", "),
            outcome(figure),
            controls(line),
        ]
        for line in lines
        for figure in line.figures
    ]
    headers = ("problem", "figure", "solver", "goal", "reached", "controls")
    falling = ("problem", "budget", "solver", "median error", *(f"by {unit}" for unit in AMOUNTS))
    return "\n\n".join(
        tabulate(cells, head, tablefmt="github", disable_numparse=True)
        for cells, head in ((figures, headers), (curves(lines), falling))
    )
