"""The table of further metrics: which columns it has, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from mfbench.report.figures import DIFFERENCES, UNKNOWN, error_figure
from mfbench.rows import Row
from mfbench.tasks.known import TASKS


def further_metrics(rows: Sequence[Row]) -> list[str]:
    """The columns beside the headline, for the rows of one problem; a quiet one is there if anybody has more than 0."""
    task, present = TASKS.get(rows[0].task), {name for row in rows for name in row.metrics}
    columns = sorted(present) if task is None else task.columns
    return [
        name
        for name in columns
        if name in present and name != rows[0].metric and not all(_is_silent(row, name) for row in rows)
    ]


def _is_silent(row: Row, name: str) -> bool:
    """Whether a quiet metric is 0 but for round-off, or says nothing: not there, or infinite, as a failed trial's is."""
    task, value = TASKS.get(row.task), row.metrics.get(name)
    quiet = task is not None and name in task.quiet
    return quiet and (value is None or value <= row.floors.get(name, 0.0))


def metric_figure(row: Row, name: str) -> str:
    """One cell."""
    if name not in row.metrics:
        return UNKNOWN
    value = row.metrics[name]
    if value is not None and _is_silent(row, name):
        return "0"
    mark = DIFFERENCES if value is not None and is_by_differences(row, name) else ""
    return error_figure(value, row.floors.get(name, 0.0), 2) + mark


def is_by_differences(row: Row, name: str) -> bool:
    """Whether a metric rests on a gradient that was taken by differences."""
    task = TASKS.get(row.task)
    return row.differences and task is not None and name in task.slopes
