"""From the rows of one task to one standing per contender."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, median

import msgspec

from mfbench.labels import Contender, canonical
from mfbench.record import finite
from mfbench.rows import Row, Standing

LEAST_ESTIMATES = 5
"""Problems before a rank correlation is told: of four, one order in 24 is perfect by chance."""


def standings_of(rows: Sequence[Row]) -> list[Standing]:
    """One per contender of a task, by mean rank; those without one come last."""
    by_contender: dict[Contender, list[Row]] = defaultdict(list)
    where: dict[tuple[str, float, str], set[str | None]] = defaultdict(set)
    for row in rows:
        by_contender[row.solver, canonical(row.parameters)].append(row)
        if row.rank is not None:
            where[row.instance].add(row.machine)
    comparable = {instance for instance, names in where.items() if len(names) == 1 and None not in names}
    standings = [_standing(own, comparable) for own in by_contender.values()]
    return sorted(
        standings,
        key=lambda s: (math.inf if s.mean_rank is None else s.mean_rank, -s.problems, s.contender),
    )


def _standing(own: Sequence[Row], comparable: set[tuple[str, float, str]]) -> Standing:
    # A place among one is no achievement: it would better the mean of whoever runs alone. Nor does a place on a problem that
    # a control solves prove learning.
    contested = [row for row in own if row.rank is not None and row.contenders > 1 and not row.reducible]
    ranks = [row.rank for row in contested if row.rank is not None]
    timed = [row for row in contested if row.target is not None and row.instance in comparable]
    seconds = [math.inf if row.seconds_to_target is None else row.seconds_to_target for row in timed]
    return Standing(
        task=own[0].task,
        contender=own[0].contender,
        solver=own[0].solver,
        parameters=own[0].parameters,
        control=own[0].control,
        mean_rank=fmean(ranks) if ranks else None,
        problems=len(contested),
        best_on=sum(row.best for row in contested),
        failed_on=sum(row.error is None for row in contested),
        seconds_to_target=finite(median(seconds)) if seconds else None,
        reached=sum(map(math.isfinite, seconds)),
        targets=len(timed),
        self_knowledge=_self_knowledge(own),
    )


def _self_knowledge(own: Sequence[Row]) -> float | None:
    pairs = [
        (row.error_estimate, math.inf if row.error is None else row.error)
        for row in own
        if row.rank is not None and row.error_estimate is not None
    ]
    if len(pairs) < LEAST_ESTIMATES:
        return None
    estimates, errors = zip(*pairs, strict=True)
    if len(set(estimates)) == 1 or len(set(errors)) == 1:
        return None
    from scipy.stats import spearmanr  # half a second, which few tables need

    return float(spearmanr(estimates, errors).statistic)


def with_standings(rows: Iterable[Row], standings: Iterable[Standing]) -> Iterable[Row]:
    """The rows with their contender's mean rank filled in."""
    of = {(s.solver, canonical(s.parameters)): s for s in standings}
    for row in rows:
        standing = of[row.solver, canonical(row.parameters)]
        yield msgspec.structs.replace(row, mean_rank=standing.mean_rank, rank_problems=standing.problems)
