"""From records to a ranking: one row per contender and problem, one standing per contender.

A contender is a solver with its canonical parameters. Contenders meet on an instance: a problem
with its parameters, a budget and a device class. There they are ordered by the median over
seeds of the headline error at the budget, a failed trial counting as infinite; who ties is said
in `statistics`. Unsupported and interrupted trials neither win nor lose.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mfbench.bundles import Bundle
from mfbench.caveats import caveats, machine_named, machines
from mfbench.labels import Contender, contender_labels, label, natural_order, one_line
from mfbench.newest import Here, latest, newest, nowhere
from mfbench.record import Cell, Record, finite
from mfbench.rows import Ranking, Row
from mfbench.standings import standings_of, with_standings
from mfbench.statistics import places
from mfbench.summaries import Summaries
from mfbench.tally import Tally
from mfbench.work_checks import Whose, WorkCheck, work_word


def rank(
    records: Iterable[Record],
    checks: Mapping[Whose, WorkCheck] | None = None,
    here: Here = nowhere,
    reducible: Callable[[Cell], bool] = lambda cell: False,
) -> Ranking:
    """Rank the contenders of every task. The order of the records does not matter.

    Of several records of one cell (after a change of code, say) one counts: see `newest`.

    Args:
        records: the records.
        checks: whose reported work was counted.
        here: which of them ran the code that is installed here.
        reducible: whether the problem of a cell is said to be one that a control solves.
    """
    by_task: dict[str, list[Bundle]] = defaultdict(list)
    for bundle in Summaries.of(records).bundles:
        by_task[bundle.shared.cell.task].append(bundle)
    parts = [_rank_task(by_task[task], checks or {}, here, reducible) for task in sorted(by_task)]
    return Ranking(
        rows=tuple(row for part in parts for row in part.rows),
        standings=tuple(standing for part in parts for standing in part.standings),
        caveats={task: said for part in parts for task, said in part.caveats.items()},
        machines={name: facts for part in parts for name, facts in part.machines.items()},
    )


def _rank_task(
    bundles: Sequence[Bundle],
    checks: Mapping[Whose, WorkCheck],
    here: Here,
    reducible: Callable[[Cell], bool],
) -> Ranking:
    chosen = newest(bundles, here)
    labels = contender_labels({bundle.contender for bundle in chosen})
    controls = {bundle.shared.cell.solver for bundle in chosen if bundle.shared.control}
    rows: list[Row] = []
    fields: dict[str, list[Tally]] = {}
    for tallies in _instances(chosen):
        cell = tallies[0].first.cell
        ranked = [tally for tally in tallies if tally.counted]
        fields[f"{label(cell.problem, cell.problem_parameters)} ({cell.budget:g} s, {cell.device})"] = ranked
        rows.extend(_rows(tallies, labels, controls, checks, reducible(cell)))
    standings = standings_of(rows)
    superseded = sum(map(len, bundles)) - sum(map(len, chosen))
    return Ranking(
        rows=tuple(with_standings(rows, standings)),
        standings=tuple(standings),
        caveats={bundles[0].shared.cell.task: tuple(caveats(fields, superseded, latest()))},
        machines=machines(tally for tallies in fields.values() for tally in tallies),
    )


def _instances(bundles: Iterable[Bundle]) -> list[list[Tally]]:
    """Per instance, in the order of tables, the trials of every contender in the order of names."""
    found: dict[tuple[Any, ...], dict[Contender, list[Bundle]]] = defaultdict(lambda: defaultdict(list))
    for bundle in bundles:
        cell = bundle.shared.cell
        where = (cell.problem, natural_order(cell.problem_parameters), cell.device, cell.budget)
        found[where][bundle.contender].append(bundle)
    return [[Tally(tuple(trials)) for _, trials in sorted(who.items())] for _, who in sorted(found.items())]


def _rows(
    tallies: Sequence[Tally],
    labels: dict[Contender, str],
    controls: set[str],
    checks: Mapping[Whose, WorkCheck],
    reducible: bool,
) -> list[Row]:
    """The rows of one instance: ranked ones by rank, then the others by name."""
    by_contender = {tally.bundles[0].contender: tally for tally in tallies}
    ranks = places({who: tally.sample for who, tally in by_contender.items() if tally.counted})
    target = hardest_common_target([by_contender[who] for who in ranks])
    first = min(ranks.values(), default=None)
    rows = []
    for who, tally in by_contender.items():
        row = _row(tally, labels[who], who[0] in controls, target)
        if who in ranks:
            best = ranks[who] == first and row.error is not None
            row = msgspec.structs.replace(row, rank=ranks[who], best=best)
        check = (
            work_word((bundle.shared for bundle in tally.bundles), checks)
            if "evaluations" in tally.work
            else ""
        )
        rows.append(
            msgspec.structs.replace(row, contenders=len(ranks), work_check=check, reducible=reducible)
        )
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
    cell = tally.first.cell
    errors = tally.errors
    names = {machine_named(bundle.shared.machine) for bundle in tally.counted}
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
        trials=tally.trials,
        metric=tally.headline,
        error=error,
        error_low=finite(min(errors, default=math.inf)),
        error_high=finite(max(errors, default=math.inf)),
        floor=tally.floors.get(tally.headline, 0.0),
        error_estimate=tally.error_estimate,
        metrics=tally.metrics,
        floors=tally.floors,
        differences=tally.differences,
        seconds_setup=tally.usage("seconds_setup") if machine else None,
        seconds_solve=tally.usage("seconds_solve") if machine else None,
        seconds_cpu=tally.usage("seconds_cpu") if machine else None,
        seconds_to_target=finite(tally.seconds_to(target)) if machine and target is not None else None,
        target=target,
        work=tally.work,
        work_to_target=finite(tally.work_to(target)) if target is not None else None,
        peak_memory_mb=tally.usage("peak_memory_mb"),
        machine=machine,
        rank=None,
        contenders=0,
    )
