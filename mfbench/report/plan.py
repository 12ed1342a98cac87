"""What is about to be run: the view of `mfbench run --dry-run`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mfbench.labels import one_line
from mfbench.report.figures import duration
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.terminal import WIDTH, print_chapters


def plan_table(
    rows: Iterable[tuple[str, str, int, float]],
    unsupported: Iterable[tuple[str, str, str]],
    minutes: float,
    *,
    terminal: bool = False,
    width: int = WIDTH,
) -> str:
    """Trials by problem and solver, what is not run and why, and how long it takes.

    Args:
        rows: problem, solver, number of trials, predicted seconds of one trial, which may end before its budget.
        unsupported: problem, solver, the solver's reason.
        minutes: predicted wall time of everything.
        terminal, width: see `terminal.print_chapters`.
    """
    rows = list(rows)
    trials = sum(number for _, _, number, _ in rows)
    sheets = [_trial_sheet(rows)] if rows else []
    refused = _refusals(unsupported)
    if refused:
        sheets.append(refused)
    title = (
        f"{trials} {'trial' if trials == 1 else 'trials'}, at most about {duration(60.0 * minutes)}"
        if trials
        else "0 trials"
    )
    return print_chapters([Chapter(title=title, sheets=tuple(sheets))], terminal=terminal, width=width)


def _trial_sheet(rows: Iterable[tuple[str, str, int, float]]) -> Sheet:
    lines, above = [], None
    for problem, solver, number, seconds in rows:
        shown = "" if problem == above else problem
        lines.append((shown, solver, str(number), duration(seconds), duration(number * seconds)))
        above = problem
    return Sheet(
        caption="",
        header=("problem", "solver", "trials", "each", "together"),
        words=frozenset({"problem", "solver"}),
        lines=tuple(lines),
    )


def _refusals(unsupported: Iterable[tuple[str, str, str]]) -> Sheet | None:
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for problem, solver, reason in unsupported:
        alike[solver, one_line(reason)].append(problem)
    if not alike:
        return None
    header = ("solver", "reason", "problems")
    return Sheet(
        caption="Not run: unsupported",
        header=header,
        words=frozenset(header),
        lines=tuple((solver, reason, "; ".join(problems)) for (solver, reason), problems in alike.items()),
    )
