"""League tables: a ranking as one chapter per task, ready for any text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from mfbench.report.figures import (
    NOT_REACHED,
    REDUCIBLE,
    UNKNOWN,
    WORK_MARKS,
    duration,
    error_figure,
    error_range,
    figure,
    marked,
    place,
    work_figure,
)
from mfbench.report.further import further_metrics, metric_figure
from mfbench.report.notes import notes
from mfbench.report.sheets import Chapter, Sheet, without_empty_columns
from mfbench.report.trouble import trouble_sheets
from mfbench.rows import Ranking, Row, Standing
from mfbench.tasks.known import TASKS

SELF_KNOWLEDGE = "self-knowledge"


def chapters(ranking: Ranking) -> list[Chapter]:
    """One chapter per task: standing, a table per problem, what is not ok, notes."""
    found = []
    for task, group in groupby(ranking.rows, key=lambda row: row.task):
        rows = list(group)
        standings = [standing for standing in ranking.standings if standing.task == task]
        sheets = [standing_sheet(standings)]
        for _, instance in groupby(rows, key=lambda row: row.instance):
            sheets.extend(problem_sheets(list(instance)))
        sheets.extend(trouble_sheets(rows))
        question = f": {TASKS[task].question}" if task in TASKS else ""
        found.append(
            Chapter(title=f"{task}{question}", sheets=tuple(sheets), notes=notes(task, rows, ranking))
        )
    return found


def standing_sheet(standings: Sequence[Standing]) -> Sheet:
    """The task's table, by mean rank."""
    return without_empty_columns(
        Sheet(
            caption="Standing by mean rank",
            header=(
                "mean rank",
                "solver",
                "problems",
                "best on",
                "failed on",
                "to target",
                "reached",
                SELF_KNOWLEDGE,
            ),
            words=frozenset({"solver"}),
            spare=(SELF_KNOWLEDGE, "failed on", "best on", "reached"),
            lines=tuple(
                (
                    UNKNOWN if standing.mean_rank is None else figure(standing.mean_rank),
                    marked(standing.contender, standing.control),
                    str(standing.problems),
                    str(standing.best_on),
                    str(standing.failed_on),
                    _cost(standing.seconds_to_target) if standing.targets else UNKNOWN,
                    f"{standing.reached} of {standing.targets}" if standing.targets else UNKNOWN,
                    UNKNOWN if standing.self_knowledge is None else f"{standing.self_knowledge:.2f}",
                )
                for standing in standings
            ),
            best=frozenset(
                i for i, s in enumerate(standings) if s.problems and s.mean_rank == standings[0].mean_rank
            ),
        )
    )


def problem_sheets(rows: Sequence[Row]) -> list[Sheet]:
    """One problem: errors and costs, then the task's further metrics."""
    first, ranked = rows[0], [row for row in rows if row.rank is not None]
    mark = REDUCIBLE if first.reducible else ""
    name = f"{first.problem}{mark}, budget {first.budget:g} s, {first.device}"
    if not ranked:
        return []
    sheets = [_cost_sheet(name, ranked), _metric_sheet(f"{name}: further metrics", ranked)]
    return [sheet for sheet in sheets if sheet is not None]


def _cost_sheet(caption: str, rows: Sequence[Row]) -> Sheet:
    ties = Counter(row.rank for row in rows)
    target = next((row.target for row in rows if row.target is not None), None)
    to_target = "to target" if target is None else f"to {figure(target, 1)}"
    costs = ("set-up", "solve", "CPU", to_target, "work", "memory [MB]")
    alike = len({row.trials for row in rows}) == 1
    lines = [
        (
            place(row.rank, ties[row.rank] > 1, row.best),
            marked(row.contender, row.control),
            error_figure(row.error, row.floor),
            error_range(row.error_low, row.error_high, row.floor) if row.trials > 1 else UNKNOWN,
            _seconds(row, row.seconds_setup),
            _seconds(row, row.seconds_solve),
            _seconds(row, row.seconds_cpu),
            _to_target(row),
            work_figure(row.work) + WORK_MARKS.get(row.work_check, ""),
            UNKNOWN if row.peak_memory_mb is None else f"{row.peak_memory_mb:.0f}",
            UNKNOWN if alike else str(row.trials),
            row.status,
        )
        for row in rows
    ]
    return without_empty_columns(
        Sheet(
            caption=f"{caption}, {_trials(rows[0].trials)}" if alike else caption,
            header=("rank", "solver", rows[0].metric, "over seeds", *costs, "trials", "status"),
            words=frozenset({"solver", "status"}),
            spare=("memory [MB]", "CPU", "solve", "work", "set-up", "over seeds"),
            lines=tuple(lines),
            best=_best(rows),
            failed=_failed(rows),
        )
    )


def _trials(number: int) -> str:
    return f"{number} trials each" if number > 1 else "1 trial each"


def _metric_sheet(caption: str, rows: Sequence[Row]) -> Sheet | None:
    shown = further_metrics(rows)
    if not shown:
        return None
    ties = Counter(row.rank for row in rows)
    return Sheet(
        caption=caption,
        header=("rank", "solver", *shown),
        words=frozenset({"solver"}),
        spare=tuple(reversed(shown)),
        lines=tuple(
            (
                place(row.rank, ties[row.rank] > 1, row.best),
                marked(row.contender, row.control),
                *(metric_figure(row, name) for name in shown),
            )
            for row in rows
        ),
        best=_best(rows),
        failed=_failed(rows),
    )


def _best(rows: Sequence[Row]) -> frozenset[int]:
    return frozenset(i for i, row in enumerate(rows) if row.best)


def _failed(rows: Sequence[Row]) -> frozenset[int]:
    return frozenset(i for i, row in enumerate(rows) if row.error is None)


def _cost(seconds: float | None) -> str:
    return NOT_REACHED if seconds is None else duration(seconds)


def _seconds(row: Row, seconds: float | None) -> str:
    if row.machine is None:
        return "mixed"
    return UNKNOWN if seconds is None else duration(seconds)


def _to_target(row: Row) -> str:
    if row.target is None:
        return UNKNOWN
    return "mixed" if row.machine is None else _cost(row.seconds_to_target)
