"""The trials of one contender on one problem, and their medians."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from mfbench.labels import Remembered, canonical
from mfbench.record import Metric, Record, Status, Usage
from mfbench.statistics import Sample

NOT_RUN = (Status.UNSUPPORTED, Status.INTERRUPTED)
"""A trial with such a status says nothing about its solver: it neither wins nor loses."""


def finite(value: float | None) -> float | None:
    """The value where it is a finite number, else None."""
    return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True)
class Tally:
    """Records that differ in the seed alone, one per seed, in the order of seeds. Not empty."""

    records: tuple[Record, ...]

    @cached_property
    def counted(self) -> tuple[Record, ...]:
        """The trials that ran to some end, good or bad."""
        return tuple(record for record in self.records if record.status not in NOT_RUN)

    @cached_property
    def scored(self) -> tuple[Record, ...]:
        """Those of them that count with their errors."""
        return tuple(record for record in self.counted if record.scored)

    @cached_property
    def sample(self) -> Sample:
        """Headline errors by seed; only where `counted` is not empty."""
        return Sample(
            {record.cell.seed: trial_error(record) for record in self.counted},
            max((metric.floor for metric in self._metrics.get(self.headline, ())), default=0.0),
        )

    @property
    def headline(self) -> str:
        """Name of the metric that ranks."""
        return self.scored[0].headline if self.scored else self.records[0].headline

    @cached_property
    def status(self) -> str:
        """ "ok" when all trials are alike, else with counts: "ok 4/5, timeout 1/5"."""
        counts = Counter(record.status for record in self.records)
        if len(counts) == 1:
            return str(self.records[0].status)
        order = list(Status)
        return ", ".join(
            f"{status} {counts[status]}/{len(self.records)}" for status in sorted(counts, key=order.index)
        )

    @property
    def sentence(self) -> str:
        """What became of the first trial that is not ok."""
        return next((record.sentence for record in self.records if record.status is not Status.OK), "")

    @cached_property
    def metrics(self) -> dict[str, float | None]:
        """Medians by name. A failed trial counts as infinite; an ok one without the metric not at all."""
        failures = [math.inf] * (len(self.counted) - len(self.scored))
        return {
            name: finite(median([_value(metric) for metric in metrics] + failures))
            for name, metrics in sorted(self._metrics.items())
        }

    @cached_property
    def floors(self) -> dict[str, float]:
        """The largest floor of every metric that has one."""
        floors = {name: max([metric.floor for metric in self._metrics[name]]) for name in self.metrics}
        return {name: floor for name, floor in floors.items() if floor > 0}

    @cached_property
    def _metrics(self) -> dict[str, list[Metric]]:
        found: dict[str, list[Metric]] = defaultdict(list)
        for record in self.scored:
            for name, metric in record.metrics.items():
                found[name].append(metric)
        return found

    @cached_property
    def work(self) -> dict[str, float]:
        """Median counts at the scored checkpoint, of the trials that have them."""
        found: dict[str, list[int]] = defaultdict(list)
        for record in self.counted:
            for kind, number in record.work.items():
                found[kind].append(number)
        return {kind: median(numbers) for kind, numbers in sorted(found.items())}

    def usage(self, what: Callable[[Usage], float | None]) -> float | None:
        """Median of one entry of `Usage` over the trials that have it."""
        values = [value for record in self.counted if (value := finite(what(record.usage))) is not None]
        return median(values) if values else None

    @cached_property
    def targets(self) -> set[float]:
        """The targets that its records declare."""
        return set().union(*(record.targets for record in self.counted))

    def knows(self, target: float) -> bool:
        """Whether every scored trial says when it reached a target: none was run, or judged anew, without it."""
        return all(target in record.targets for record in self.scored)

    def seconds_to(self, target: float) -> float:
        """Median seconds to a target; infinite where at least half of the trials miss it."""
        name = repr(target)
        return self._cost([record.seconds_to_target.get(name) for record in self.scored])

    def work_to(self, target: float) -> float:
        """Median evaluations to a target; infinite as above, or where nobody counted them."""
        name = repr(target)
        return self._cost([record.work_to_target.get(name) for record in self.scored])

    def _cost(self, costs: Sequence[float | None]) -> float:
        """Median; a trial that failed or did not reach its target costs infinitely much."""
        failures = [math.inf] * (len(self.counted) - len(self.scored))
        return median([math.inf if cost is None else float(cost) for cost in costs] + failures)


def trial_error(record: Record) -> float:
    """The headline error at the budget; a failed trial counts as infinite."""
    return _value(record.metrics[record.headline]) if record.scored else math.inf


def _value(metric: Metric) -> float:
    return math.inf if metric.value is None else metric.value


def newest(records: Iterable[Record]) -> list[Record]:
    """The record of every cell that counts.

    One that ran to some end comes before an interrupted or unsupported one, then the newest.
    """

    def precedence(record: Record) -> tuple[bool, str, str]:
        return record.status not in NOT_RUN, record.started, record.key

    text = Remembered(canonical)
    chosen: dict[tuple[object, ...], Record] = {}
    for record in records:
        what = record.cell
        cell = (
            what.task,
            what.problem,
            text(what.problem_parameters),
            what.solver,
            text(what.solver_parameters),
            what.seed,
            what.device,
            what.budget,
        )
        if cell not in chosen or precedence(record) > precedence(chosen[cell]):
            chosen[cell] = record
    return list(chosen.values())
