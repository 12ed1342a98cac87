"""What went wrong and what was not run: the tables behind a task's league tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mfbench.report.figures import marked
from mfbench.report.sheets import Sheet
from mfbench.rows import Row


def trouble_sheets(rows: Sequence[Row]) -> list[Sheet]:
    """Trials that are not ok, then what was not run, each with its sentence; alike ones in one line."""
    failed = [row for row in rows if row.rank is not None and row.status != "ok"]
    absent = [row for row in rows if row.rank is None]
    sheets = [
        ("Trials that are not ok", failed, "what became of the first"),
        ("Not ranked: these neither win nor lose", absent, "reason"),
    ]
    return [_trouble_sheet(caption, some, head) for caption, some, head in sheets if some]


def _trouble_sheet(caption: str, rows: Sequence[Row], head: str) -> Sheet:
    alike: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    budgets = len({(row.budget, row.device) for row in rows})
    for row in rows:
        problem = f"{row.problem} ({row.budget:g} s, {row.device})" if budgets > 1 else row.problem
        alike[marked(row.contender, row.control), row.status, row.sentence].append(problem)
    return Sheet(
        caption=caption,
        header=("solver", "status", head, "problems"),
        words=frozenset({"solver", "status", head, "problems"}),
        lines=tuple(
            (name, status, sentence, "; ".join(problems))
            for (name, status, sentence), problems in alike.items()
        ),
    )
