"""Which record of a cell counts when there are several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mfbench.bundles import Bundle, Shared
from mfbench.bundling import bundles_of
from mfbench.labels import canonical
from mfbench.record import Record, Status

NOT_RUN = (Status.UNSUPPORTED, Status.INTERRUPTED)
"""A trial with such a status says nothing about its solver: it neither wins nor loses."""


CLOCKS = timedelta(minutes=1)
"""By which the clocks of two machines may differ without anybody noticing."""

Here = Callable[[Shared], bool]
"""Whether records ran the very code and versions that are installed here, so that `mfbench run` would show them."""


def latest() -> str:
    """The last moment at which a record may have started, as records name it."""
    return (datetime.now(UTC) + CLOCKS).isoformat(timespec="seconds")


def nowhere(shared: Shared) -> bool:
    """Where no code is installed that could have run any of them."""
    return False


def newest(bundles: Iterable[Bundle], here: Here = nowhere) -> list[Bundle]:
    """The record of every cell that counts.

    One that ran to some end comes before an interrupted or unsupported one, then one of the code that is installed here,
    then the newest; one that says it started in the future comes after those that may be right.

    Args:
        bundles: the records.
        here: asked only about cells of several records that ran different code or versions.
    """
    cells: dict[tuple[Any, ...], list[Bundle]] = defaultdict(list)
    for bundle in bundles:
        cell = bundle.shared.cell
        problem = cell.task, cell.problem, canonical(cell.problem_parameters)
        cells[(*problem, *bundle.contender, cell.device, cell.budget)].append(bundle)
    now = latest()
    return [bundle for alike in cells.values() for bundle in _newest(alike, here, now)]


def _newest(bundles: Sequence[Bundle], here: Here, now: str) -> Iterable[Bundle]:
    """The same of bundles whose cells differ in the seed alone."""
    seeds = set().union(*(bundle.seeds for bundle in bundles))
    if len(seeds) == sum(map(len, bundles)):
        return bundles
    first = bundles[0].shared
    differ = any((one.shared.code, one.shared.versions) != (first.code, first.versions) for one in bundles)
    chosen: dict[int, tuple[tuple[bool, bool, bool, str, str, int], int, int]] = {}
    for number, bundle in enumerate(bundles):
        ran = bundle.shared.status not in NOT_RUN
        ours = differ and here(bundle.shared)
        for row, (own, place) in enumerate(zip(bundle.own, bundle.places.tolist(), strict=True)):
            precedence = ran, ours, own.started <= now, own.started, own.key, -place
            if own.seed not in chosen or precedence > chosen[own.seed][0]:
                chosen[own.seed] = precedence, number, row
    rows: list[list[int]] = [[] for _ in bundles]
    for _, number, row in chosen.values():
        rows[number].append(row)
    return [bundle.take(sorted(some)) for bundle, some in zip(bundles, rows, strict=True) if some]


def newest_records(records: Iterable[Record]) -> list[Record]:
    """The records that count, whole, in their order."""
    every = list(records)
    places = sorted(place for bundle in newest(bundles_of(every)) for place in bundle.places.tolist())
    return [every[place] for place in places]
