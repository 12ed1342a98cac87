"""The notes under a league table: what the columns mean, where digits end, where it ran."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from mfbench.report.figures import NOT_REACHED
from mfbench.report.further import further_metrics, is_by_differences
from mfbench.rows import Ranking, Row
from mfbench.statistics import CONFIDENCE, LEAST_SEEDS
from mfbench.tasks.known import TASKS


def notes(task: str, rows: Sequence[Row], ranking: Ranking) -> tuple[str, ...]:
    """Notes for the tables of one task; only those that its rows need."""
    ranked = [row for row in rows if row.rank is not None]
    if not ranked:
        return ()
    metrics = list(dict.fromkeys(row.metric for row in ranked))
    units = TASKS[task].headlines if task in TASKS else {}
    meanings = [f"{metric} ({units[metric]})" if metric in units else metric for metric in metrics]
    found = [
        f"{' or '.join(meanings)}: error at the budget, median over seeds, smaller is better; a failed trial "
        f"counts as {NOT_REACHED}. '< x' lies below x, the error bar of the reference."
    ]
    found.append(
        "rank: '=' shares its places with others, '*' nobody beats it. A tie: medians that differ by less "
        f"than the floor, or a {CONFIDENCE:.0%} interval of the log-ratio, paired by seed, that contains 0 (from "
        f"{LEAST_SEEDS} seeds on)."
    )
    found.append(
        "mean rank: over the problems on which the solver met another one and that no control solves; others do not count."
    )
    if any(s.self_knowledge is not None for s in ranking.standings if s.task == task):
        found.append(
            "self-knowledge: Spearman's rank correlation, over problems, between the errors that a solver estimates of "
            "itself and its errors; 1: it knows where it is wrong."
        )
    if any(row.target is not None for row in ranked):
        found.append(
            f"to x: median seconds, set-up included, until {' or '.join(metrics)} first is x or less, x being the "
            f"hardest target of the problem that at least two reach ({NOT_REACHED}: not reached); to target: "
            "its median over problems."
        )
    found.append(
        "set-up, solve, CPU, work, memory: medians; CPU are processor seconds, evaluation included; work counts "
        "evaluations of V, its gradient or the drift."
    )
    words = {row.work_check for row in ranked}
    if "reported" in words:
        found.append("work with ?: as the solver reports it; `mfbench check SOLVER` counts it.")
    if "understated" in words:
        found.append(
            "work with !: the solver reports less than .9 of what `mfbench check` counted, or leaves it to its `evaluate`."
        )
    if "deferred" in words:
        found.append(
            "work with +: the answer asks for more evaluations wherever it is evaluated, which none of these are."
        )
    if any(row.control for row in rows):
        found.append("(control): learns nothing; a problem that it solves is no test of learning.")
    if any(row.reducible for row in ranked):
        found.append(
            "(reducible): a control solves this problem; it is a ladder for exactness, rarity and scaling, and counts in no "
            "standing."
        )
    found.extend(_metric_lines(task, ranked))
    if any(row.rank is not None and row.machine is None for row in rows):
        found.append("mixed: the trials ran on several machines, whose seconds are not comparable.")
    found.extend(_machine_lines(ranked, ranking))
    found.extend(ranking.caveats.get(task, ()))
    return tuple(found)


def _metric_lines(task: str, rows: Sequence[Row]) -> list[str]:
    """What further columns say, and the mark in them."""
    if task not in TASKS:
        return []
    known, shown = TASKS[task], set()
    marked = False
    for _, group in groupby(rows, key=lambda row: row.instance):
        one = list(group)
        columns = further_metrics(one)
        shown |= set(columns)
        marked |= any(is_by_differences(row, name) for row in one for name in columns)
    lines = [
        f"{name}: {known.meanings[name]}." for name in known.columns if name in shown & known.meanings.keys()
    ]
    if marked:
        lines.append("with ~: from a gradient by central differences, since the solution offers none.")
    return lines


def _machine_lines(rows: Sequence[Row], ranking: Ranking) -> list[str]:
    names = {row.machine for row in rows}
    shown = ranking.machines if None in names else {n: t for n, t in ranking.machines.items() if n in names}
    return [f"Ran on {name}" + (f": {text}." if text else ".") for name, text in shown.items()]
