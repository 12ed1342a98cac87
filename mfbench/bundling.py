"""From records to bundles, and back to as much of a record as a bundle keeps."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

import msgspec
import numpy as np

from mfbench.bundles import ERROR_ESTIMATE, USAGE, Bundle, Own, Shared
from mfbench.record import Metric, Record, Status, Usage

MOST_COUNT = 2**53
"""Counts are whole numbers in float64 up to here; a larger one, which no trial ever made, stands as this one."""


class Summary(Record, frozen=True, kw_only=True):
    """A record as rankings need it. Left out, and empty here whatever the document says: the curve, all reports but the
    estimated error, the last lines of stderr, the sentence of a trial that is ok, and of a metric all but value and
    floor. Not to be written.
    """


def bundles_of(records: Iterable[Record], places: Iterable[int] | None = None) -> list[Bundle]:
    """Records in as few bundles as can be.

    Args:
        records: in any order; each is asked for once, and none is kept.
        places: their numbers, ascending; 0, 1, ... by default.
    """
    binding = Binding()
    for place, record in enumerate(records) if places is None else zip(places, records, strict=True):
        binding.add(place, record)
    return binding.bundles()


class Binding:
    """Bundles in the making. Of a record it keeps what a bundle does: whole, a hundred thousand take a gigabyte."""

    def __init__(self) -> None:
        self._groups: dict[bytes, tuple[Shared, list[int], list[Own], array[float]]] = {}

    def add(self, place: int, record: Record) -> None:
        """Take up a record, given its number; the numbers ascend."""
        shared = _shared(record)
        group = self._groups.get(name := msgspec.msgpack.encode(shared))
        if group is None:
            group = self._groups[name] = shared, [], [], array("d")
        _, where, own, numbers = group
        where.append(place)
        sentence = "" if record.status is Status.OK else record.sentence
        own.append(Own(record.cell.seed, record.key, record.started, sentence, record.arrays))
        numbers.fromlist(_numbers(record))

    def __len__(self) -> int:
        return sum(len(where) for _, where, _, _ in self._groups.values())

    def bundles(self) -> list[Bundle]:
        """Of all records so far."""
        return [
            Bundle(shared, np.array(where, np.intp), own, np.array(numbers, np.float64).reshape(len(own), -1))
            for shared, where, own, numbers in self._groups.values()
        ]


def _shared(record: Record) -> Shared:
    return Shared(
        msgspec.structs.replace(record.cell, seed=0),
        record.limits,
        record.status,
        record.headline,
        record.targets,
        record.judge,
        record.points,
        record.code,
        record.versions,
        record.machine,
        record.control,
        record.differences,
        record.schema,
        record.protocol,
        tuple(record.metrics),
        tuple(record.seconds_to_target),
        tuple(record.work_to_target),
        tuple(record.work),
    )


def _numbers(record: Record) -> list[float]:
    """A row of `Bundle.numbers`."""
    metrics = record.metrics.values()
    found = [metric.floor for metric in metrics]
    found += [math.inf if metric.value is None else metric.value for metric in metrics]
    found += [math.inf if seconds is None else seconds for seconds in record.seconds_to_target.values()]
    found += [math.inf if count is None else _bounded(count) for count in record.work_to_target.values()]
    found += [_bounded(count) for count in record.work.values()]
    found.append(record.reports.get(ERROR_ESTIMATE, math.nan))
    usage = msgspec.structs.astuple(record.usage)
    found += [used if type(used) is float else math.nan if used is None else _bounded(used) for used in usage]
    return found


def _bounded(number: float) -> float:
    if isinstance(number, int) and abs(number) > MOST_COUNT:
        return MOST_COUNT if number > 0 else -MOST_COUNT
    return number


def summary(bundle: Bundle, row: int) -> Summary:
    """One record of a bundle."""
    shared, own = bundle.shared, bundle.own[row]
    kept = [number if math.isfinite(number) else None for number in bundle.numbers[row].tolist()]
    numbers = iter(kept)
    floors = [next(numbers) or 0.0 for _ in shared.metrics]
    metrics = {
        name: Metric(value=next(numbers), floor=floor)
        for name, floor in zip(shared.metrics, floors, strict=True)
    }
    seconds = {name: next(numbers) for name in shared.seconds_to_target}
    costs = {name: _count(next(numbers)) for name in shared.work_to_target}
    work = {kind: int(next(numbers) or 0) for kind in shared.work}
    estimate = next(numbers)
    usage = dict(zip(USAGE, numbers, strict=True))
    return Summary(
        key=own.key,
        cell=msgspec.structs.replace(shared.cell, seed=own.seed),
        limits=shared.limits,
        status=shared.status,
        sentence=own.sentence,
        started=own.started,
        headline=shared.headline,
        metrics=metrics,
        targets=shared.targets,
        seconds_to_target=seconds,
        work_to_target=costs,
        work=work,
        reports={} if estimate is None else {ERROR_ESTIMATE: estimate},
        usage=Usage(**usage | {"threads": _count(usage["threads"])}),
        judge=shared.judge,
        points=shared.points,
        code=shared.code,
        versions=shared.versions,
        machine=shared.machine,
        control=shared.control,
        differences=shared.differences,
        arrays=own.arrays,
        schema=shared.schema,
        protocol=shared.protocol,
    )


def _count(number: float | None) -> int | None:
    return None if number is None else int(number)
