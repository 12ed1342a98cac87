"""What there is to run: the views of `mfbench list`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mfbench.labels import one_line
from mfbench.placement import ExecutorEntry
from mfbench.report.sheets import Chapter, Sheet, without_empty_columns
from mfbench.report.study_page import number_of_trials
from mfbench.report.terminal import WIDTH, print_chapters
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.study import StudyEntry
from mfbench.tasks import TASKS


def list_entries(
    problems: Iterable[ProblemEntry],
    solvers: Iterable[tuple[SolverEntry, str | None]],
    broken: Iterable[tuple[str, str]] = (),
    executors: Iterable[tuple[ExecutorEntry, str | None]] = (),
    studies: Iterable[StudyEntry] = (),
    *,
    terminal: bool = False,
    width: int = WIDTH,
) -> str:
    """Everything on offer by task, problems before solvers; broken plugins at the end.

    Args:
        problems: in the order of names.
        solvers: each with the reason why it cannot run here, or None.
        broken: what cannot be loaded (plugin and file) and why.
        executors: each with the reason why it cannot be used here, or None.
        studies: in the order of names.
        terminal, width: see `terminal.print_chapters`.
    """
    problems, solvers = list(problems), list(solvers)
    tasks = sorted({entry.task for entry in problems} | {entry.task for entry, _ in solvers})
    chapters = [
        Chapter(
            title=f"{task}: {TASKS[task].question}" if task in TASKS else task,
            sheets=(
                *problem_sheets([entry for entry in problems if entry.task == task]),
                *solver_sheets([(entry, reason) for entry, reason in solvers if entry.task == task]),
            ),
        )
        for task in tasks
    ]
    designs = study_sheets(list(studies))
    chapters += [Chapter(title="Studies: how does it scale?", sheets=tuple(designs))] if designs else []
    places = executor_sheets(list(executors))
    chapters += [Chapter(title="Where trials run", sheets=tuple(places))] if places else []
    chapters += [
        Chapter(title="Broken plugins", sheets=(broken_sheet(found),)) for found in [list(broken)] if found
    ]
    return print_chapters(chapters, terminal=terminal, width=width)


def problem_sheets(entries: Sequence[ProblemEntry]) -> list[Sheet]:
    """Problems with their presets; none if there are none."""
    lines = [(entry.name, dimension(entry), presets(entry), entry.summary) for entry in entries]
    return _sheets("Problems", ("problem", "dim", "instances", "what it is"), lines)


def solver_sheets(entries: Sequence[tuple[SolverEntry, str | None]]) -> list[Sheet]:
    """Solvers with their state here; none if there are none."""
    lines = [
        (
            entry.name,
            "ok" if reason is None else "missing",
            ", ".join(entry.devices),
            f"{entry.summary} (control)" if entry.control else entry.summary,
            "" if reason is None else one_line(reason),
        )
        for entry, reason in entries
    ]
    return _sheets("Solvers", ("solver", "state", "devices", "what it is", "cause"), lines)


def executor_sheets(entries: Sequence[tuple[ExecutorEntry, str | None]]) -> list[Sheet]:
    """Executors with their state here; none if there are none."""
    lines = [
        (entry.name, "ok" if reason is None else "missing", entry.summary, one_line(reason or ""))
        for entry, reason in entries
    ]
    return _sheets("", ("executor", "state", "what it is", "cause"), lines)


def study_sheets(entries: Sequence[StudyEntry]) -> list[Sheet]:
    """Studies with the number of their trials; none if there are none."""
    lines = [
        (entry.name, entry.group, str(number_of_trials(entry)), entry.swept, entry.summary)
        for entry in entries
    ]
    return _sheets("", ("study", "run together as", "trials", "swept", "what it asks"), lines)


def _sheets(caption: str, header: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> list[Sheet]:
    if not lines:
        return []
    words = frozenset(header) - {"dim", "trials"}
    missing = frozenset(i for i, line in enumerate(lines) if "missing" in line)
    sheet = Sheet(caption=caption, header=header, lines=tuple(lines), words=words, failed=missing)
    return [without_empty_columns(sheet)]


def broken_sheet(broken: Sequence[tuple[str, str]]) -> Sheet:
    """Plugins that cannot be used: where they come from, and the cause in one line."""
    return Sheet(
        caption="",
        header=("plugin", "state", "cause"),
        words=frozenset({"plugin", "state", "cause"}),
        lines=tuple((where, "broken", one_line(cause)) for where, cause in broken),
        failed=frozenset(range(len(broken))),
    )


def dimension(entry: ProblemEntry) -> str:
    """Dimension at the default parameters; "broken" where the plugin's `facts` raises."""
    try:
        return str(entry.facts(entry.parameters()).dim)
    except Exception:  # a stranger's function; one bad entry must not hide the others
        return "broken"


def presets(entry: ProblemEntry) -> str:
    """ "quick 1, standard 4"."""
    return ", ".join(f"{preset} {len(instances)}" for preset, instances in entry.instances.items())
