"""From records to a ranking: one row per contender and problem, one standing per contender.

A contender is a solver with its canonical parameters. Contenders meet on an instance: a problem
with its parameters, a budget and a device class. There they are ordered by the median over
seeds of the headline error at the budget, a failed trial counting as infinite; who ties is said
in `statistics`. Unsupported and interrupted trials neither win nor lose.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mfbench.caveats import caveats, machine_named, machines
from mfbench.labels import Contender, Remembered, canonical, contender_labels, label, natural_order, one_line
from mfbench.record import Record
from mfbench.rows import Ranking, Row
from mfbench.standings import standings_of, with_standings
from mfbench.statistics import places
from mfbench.tally import Tally, finite, newest, trial_error
from mfbench.work_checks import Whose, WorkCheck, work_word


def rank(records: Iterable[Record], checks: Mapping[Whose, WorkCheck] | None = None) -> Ranking:
    """Rank the contenders of every task. The order of the records does not matter.

    Of several records of one cell (after a change of code, say) the newest counts. `checks` says whose reported
    work was counted.
    """
    by_task: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_task[record.cell.task].append(record)
    parts = [_rank_task(by_task[task], checks or {}) for task in sorted(by_task)]
    return Ranking(
        rows=tuple(row for part in parts for row in part.rows),
        standings=tuple(standing for part in parts for standing in part.standings),
        caveats={task: said for part in parts for task, said in part.caveats.items()},
        machines={name: facts for part in parts for name, facts in part.machines.items()},
    )


def _rank_task(records: Sequence[Record], checks: Mapping[Whose, WorkCheck]) -> Ranking:
    chosen = newest(records)
    text = Remembered(canonical)
    labels = contender_labels(
        {(record.cell.solver, text(record.cell.solver_parameters)) for record in chosen}
    )
    controls = {record.cell.solver for record in chosen if record.control}
    rows: list[Row] = []
    fields: dict[str, list[Tally]] = {}
    for tallies in _instances(chosen):
        cell = tallies[0].records[0].cell
        ranked = [tally for tally in tallies if tally.counted]
        fields[f"{label(cell.problem, cell.problem_parameters)} ({cell.budget:g} s, {cell.device})"] = ranked
        rows.extend(_rows(tallies, labels, controls, checks))
    standings = standings_of(rows)
    return Ranking(
        rows=tuple(with_standings(rows, standings)),
        standings=tuple(standings),
        caveats={records[0].cell.task: tuple(caveats(fields, len(records) - len(chosen)))},
        machines=machines(record for tallies in fields.values() for t in tallies for record in t.counted),
    )


def contender_of(record: Record) -> Contender:
    """Who is ranked: the solver with its parameters."""
    return record.cell.solver, canonical(record.cell.solver_parameters)


def _instances(records: Iterable[Record]) -> list[list[Tally]]:
    """Per instance, in the order of tables, the trials of every contender in the order of names."""
    found: dict[tuple[Any, ...], dict[Contender, list[Record]]] = defaultdict(lambda: defaultdict(list))
    order, text = Remembered(natural_order), Remembered(canonical)
    for record in records:
        cell = record.cell
        where = (cell.problem, order(cell.problem_parameters), cell.device, cell.budget)
        found[where][cell.solver, text(cell.solver_parameters)].append(record)
    return [
        [
            Tally(tuple(sorted(trials, key=lambda record: record.cell.seed)))
            for _, trials in sorted(who.items())
        ]
        for _, who in sorted(found.items())
    ]


def _rows(
    tallies: Sequence[Tally],
    labels: dict[Contender, str],
    controls: set[str],
    checks: Mapping[Whose, WorkCheck],
) -> list[Row]:
    """The rows of one instance: ranked ones by rank, then the others by name."""
    by_contender = {contender_of(tally.records[0]): tally for tally in tallies}
    ranks = places({who: tally.sample for who, tally in by_contender.items() if tally.counted})
    target = hardest_common_target([by_contender[who] for who in ranks])
    first = min(ranks.values(), default=None)
    rows = []
    for who, tally in by_contender.items():
        row = _row(tally, labels[who], who[0] in controls, target)
        if who in ranks:
            best = ranks[who] == first and row.error is not None
            row = msgspec.structs.replace(row, rank=ranks[who], best=best)
        check = work_word(tally.records, checks) if "evaluations" in tally.work else ""
        rows.append(msgspec.structs.replace(row, contenders=len(ranks), work_check=check))
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple[float, float, str]:
    return (
        math.inf if row.rank is None else row.rank,
        math.inf if row.error is None else row.error,
        row.contender,
    )


def hardest_common_target(tallies: Sequence[Tally]) -> float | None:
    """The smallest target that the median trial of at least two contenders reaches."""
    targets = sorted({target for tally in tallies for target in tally.targets})
    for target in targets:
        if sum(tally.knows(target) and math.isfinite(tally.seconds_to(target)) for tally in tallies) >= 2:
            return target
    return None


def _row(tally: Tally, name: str, control: bool, target: float | None) -> Row:
    """All of a row but the rank."""
    cell = tally.records[0].cell
    errors = [trial_error(record) for record in tally.counted]
    names = set(map(Remembered(machine_named), (record.machine for record in tally.counted)))
    machine = names.pop() if len(names) == 1 else None
    error = finite(tally.sample.median) if errors else None
    if target is not None and not (errors and tally.knows(target)):
        target = None
    return Row(
        task=cell.task,
        problem=label(cell.problem, cell.problem_parameters),
        problem_name=cell.problem,
        problem_parameters=cell.problem_parameters,
        budget=cell.budget,
        device=cell.device,
        solver=cell.solver,
        parameters=cell.solver_parameters,
        contender=name,
        control=control,
        status=tally.status,
        sentence=one_line(tally.sentence),
        trials=len(tally.records),
        metric=tally.headline,
        error=error,
        error_low=finite(min(errors, default=math.inf)),
        error_high=finite(max(errors, default=math.inf)),
        floor=tally.floors.get(tally.headline, 0.0),
        metrics=tally.metrics,
        floors=tally.floors,
        seconds_setup=tally.usage(lambda usage: usage.seconds_setup) if machine else None,
        seconds_solve=tally.usage(lambda usage: usage.seconds_solve) if machine else None,
        seconds_cpu=tally.usage(lambda usage: usage.seconds_cpu) if machine else None,
        seconds_to_target=finite(tally.seconds_to(target)) if machine and target is not None else None,
        target=target,
        work=tally.work,
        work_to_target=finite(tally.work_to(target)) if target is not None else None,
        peak_memory_mb=tally.usage(lambda usage: usage.peak_memory_mb),
        machine=machine,
        rank=None,
        contenders=0,
    )
