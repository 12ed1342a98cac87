"""Records in bundles: what many trials have in common stands once, their numbers in one array.

A ranking needs a dozen numbers of every record, and an object for each costs more than all that is done with them. So
records that differ in the seed, in numbers and in a few texts alone are kept together: mostly the trials of one
contender on one problem that ended alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import msgspec
import numpy as np
import numpy.typing as npt

from mfbench.labels import Contender, canonical
from mfbench.record import Cell, Limits, Metric, Record, Status, Usage

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

MOST_COUNT = 2**53
"""Counts are whole numbers in float64 up to here; a larger one, which no trial ever made, stands as this one."""

USAGE: tuple[str, ...] = Usage.__struct_fields__


class Summary(Record, frozen=True, kw_only=True):
    """A record as rankings need it. Left out, and empty here whatever the document says: the curve, the reports, the
    last lines of stderr, the sentence of a trial that is ok, and of a metric all but value and floor. Not to be written.
    """


class Shared(msgspec.Struct, frozen=True, array_like=True):
    """What the records of a bundle have in common; the seed of the cell means nothing.

    `metrics`, `seconds_to_target`, `work_to_target` and `work` are the names in these mappings, in their order.
    """

    cell: Cell
    limits: Limits
    status: Status
    headline: str
    targets: list[float]
    judge: str
    points: str
    code: dict[str, str]
    versions: dict[str, str]
    machine: dict[str, str]
    control: bool
    schema: int
    protocol: int
    metrics: tuple[str, ...]
    seconds_to_target: tuple[str, ...]
    work_to_target: tuple[str, ...]
    work: tuple[str, ...]

    @property
    def scored(self) -> bool:
        """Whether the trials count with their errors; see `Record.scored`."""
        return self.status is Status.OK and self.headline in self.metrics

    @property
    def ends(self) -> tuple[int, ...]:
        """The column at which each kind of number ends; see `Bundle.numbers`."""
        metrics, seconds, costs, kinds = map(
            len, (self.metrics, self.seconds_to_target, self.work_to_target, self.work)
        )
        return tuple(accumulate((metrics, metrics, seconds, costs, kinds, len(USAGE))))


class Own(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is one record's own, beside its numbers."""

    seed: int
    key: str
    started: str
    sentence: str
    arrays: str | None


@dataclass(frozen=True, eq=False)
class Bundle:
    """Records that share much.

    Args:
        shared: what they share.
        places: (n,) ascending numbers of the records among all of a reading.
        own: n texts and seeds.
        numbers: (n, columns) values of the metrics, their floors, seconds to targets, work to targets, work, usage,
            in the order of names in `shared` and `USAGE`; NaN stands for None.
    """

    shared: Shared
    places: Rows
    own: list[Own]
    numbers: Floats

    def __len__(self) -> int:
        return len(self.own)

    @cached_property
    def contender(self) -> Contender:
        """Who is ranked: the solver with its parameters."""
        return self.shared.cell.solver, canonical(self.shared.cell.solver_parameters)

    @cached_property
    def seeds(self) -> list[int]:
        """By row."""
        return [own.seed for own in self.own]

    @cached_property
    def _parts(self) -> list[Floats]:
        ends = self.shared.ends
        return [self.numbers[:, start:end] for start, end in zip((0, *ends), ends, strict=False)]

    @property
    def values(self) -> Floats:
        """(n, metrics) infinite where the record says that it is not finite."""
        return infinite_where_none(self._parts[0])

    @property
    def floors(self) -> Floats:
        """(n, metrics)."""
        return self._parts[1]

    @property
    def seconds_to_target(self) -> Floats:
        """(n, targets) infinite where not reached."""
        return infinite_where_none(self._parts[2])

    @property
    def work_to_target(self) -> Floats:
        """(n, targets) infinite where not reached, or where nobody counted."""
        return infinite_where_none(self._parts[3])

    @property
    def work(self) -> Floats:
        """(n, kinds of work)."""
        return self._parts[4]

    @property
    def usage(self) -> Floats:
        """(n, entries of `Usage`) NaN where not measured."""
        return self._parts[5]

    @property
    def errors(self) -> Floats:
        """(n,) headline errors at the budget; a failed trial counts as infinite."""
        if not self.shared.scored:
            return np.full(len(self), math.inf)
        return infinite_where_none(self.numbers[:, self.shared.metrics.index(self.shared.headline)])

    def take(self, rows: Sequence[int] | Rows) -> Bundle:
        """The records of some rows, given in their order."""
        return Bundle(self.shared, self.places[rows], [self.own[row] for row in rows], self.numbers[rows])

    def moved(self, places: Rows) -> Bundle:
        """The same records with other numbers among all."""
        return replace(self, places=places)

    def summary(self, row: int) -> Summary:
        """One record."""
        shared, own = self.shared, self.own[row]
        numbers = [None if math.isnan(number) else number for number in self.numbers[row].tolist()]
        values, floors, seconds, costs, work, usage = (
            numbers[start:end] for start, end in zip((0, *shared.ends), shared.ends, strict=False)
        )
        used = dict(zip(USAGE, usage, strict=True))
        return Summary(
            key=own.key,
            cell=msgspec.structs.replace(shared.cell, seed=own.seed),
            limits=shared.limits,
            status=shared.status,
            sentence=own.sentence,
            started=own.started,
            headline=shared.headline,
            metrics={
                name: Metric(value=value, floor=floor or 0.0)
                for name, value, floor in zip(shared.metrics, values, floors, strict=True)
            },
            targets=shared.targets,
            seconds_to_target=dict(zip(shared.seconds_to_target, seconds, strict=True)),
            work_to_target={
                name: None if cost is None else int(cost)
                for name, cost in zip(shared.work_to_target, costs, strict=True)
            },
            work={kind: int(count or 0) for kind, count in zip(shared.work, work, strict=True)},
            usage=Usage(**used | {"threads": None if used["threads"] is None else int(used["threads"])}),
            judge=shared.judge,
            points=shared.points,
            code=shared.code,
            versions=shared.versions,
            machine=shared.machine,
            control=shared.control,
            arrays=own.arrays,
            schema=shared.schema,
            protocol=shared.protocol,
        )


def joined(bundles: Sequence[Bundle]) -> Bundle:
    """One bundle of several that share the same."""
    if len(bundles) == 1:
        return bundles[0]
    places = np.concatenate([bundle.places for bundle in bundles])
    own = [own for bundle in bundles for own in bundle.own]
    together = Bundle(bundles[0].shared, places, own, np.concatenate([bundle.numbers for bundle in bundles]))
    return together.take(np.argsort(places))


def infinite_where_none(numbers: Floats) -> Floats:
    """The numbers with infinity in the place of NaN."""
    none = np.isnan(numbers)
    return np.where(none, math.inf, numbers) if none.any() else numbers


def bundles_of(records: Iterable[Record], places: Iterable[int] | None = None) -> list[Bundle]:
    """Records in as few bundles as can be.

    Args:
        records: in any order.
        places: their ascending numbers; 0, 1, ... by default.
    """
    groups: dict[bytes, tuple[Shared, list[int], list[Own], list[list[float]]]] = {}
    for place, record in enumerate(records) if places is None else zip(places, records, strict=True):
        shared = _shared(record)
        _, where, own, numbers = groups.setdefault(msgspec.json.encode(shared), (shared, [], [], []))
        where.append(place)
        sentence = "" if record.status is Status.OK else record.sentence
        own.append(Own(record.cell.seed, record.key, record.started, sentence, record.arrays))
        numbers.append(_numbers(record))
    return [
        Bundle(shared, np.array(where, np.intp), own, np.array(numbers, np.float64))
        for shared, where, own, numbers in groups.values()
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
        record.schema,
        record.protocol,
        tuple(record.metrics),
        tuple(record.seconds_to_target),
        tuple(record.work_to_target),
        tuple(record.work),
    )


def _numbers(record: Record) -> list[float]:
    """A row of `Bundle.numbers`."""
    usage = msgspec.structs.astuple(record.usage)
    return [
        math.nan if number is None else number if abs(number) <= MOST_COUNT else _bounded(number)
        for numbers in (
            [metric.value for metric in record.metrics.values()],
            [metric.floor for metric in record.metrics.values()],
            record.seconds_to_target.values(),
            record.work_to_target.values(),
            record.work.values(),
            usage,
        )
        for number in numbers
    ]


def _bounded(number: float) -> float:
    if isinstance(number, int):
        return MOST_COUNT if number > 0 else -MOST_COUNT
    return number
