"""The trials of one contender on one problem, and their medians."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.bundles import ERROR_ESTIMATE, Bundle, Floats, Shared
from mfbench.medians import medians
from mfbench.newest import NOT_RUN
from mfbench.record import Record, Status, finite
from mfbench.statistics import Sample
from mfbench.tasks.known import TASKS

SHOWN = ("seconds_setup", "seconds_solve", "seconds_cpu", "peak_memory_mb", ERROR_ESTIMATE)
"""Entries of `Usage` that a table shows, and the estimated error."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Records that differ in the seed alone as far as a ranking goes, one per seed. Not empty."""

    bundles: tuple[Bundle, ...]

    @cached_property
    def trials(self) -> int:
        """Number of records."""
        return sum(map(len, self.bundles))

    @property
    def first(self) -> Shared:
        """What is shared with the record of the lowest seed."""
        return _first(self.bundles)[0].shared

    @cached_property
    def counted(self) -> tuple[Bundle, ...]:
        """The trials that ran to some end, good or bad."""
        return tuple(bundle for bundle in self.bundles if bundle.shared.status not in NOT_RUN)

    @cached_property
    def scored(self) -> tuple[Bundle, ...]:
        """Those of them that count with their errors."""
        return tuple(bundle for bundle in self.counted if bundle.shared.scored)

    @cached_property
    def failures(self) -> int:
        """How many trials count as infinite."""
        return sum(map(len, self.counted)) - sum(map(len, self.scored))

    @cached_property
    def errors(self) -> list[float]:
        """Headline errors of the trials that are counted, in the order of the bundles."""
        return [error for bundle in self.counted for error in bundle.errors.tolist()]

    @cached_property
    def sample(self) -> Sample:
        """Headline errors by seed; only where `counted` is not empty."""
        seeds = [seed for bundle in self.counted for seed in bundle.seeds]
        errors = dict(sorted(zip(seeds, self.errors, strict=True)))
        return Sample(errors, self.floors.get(self.headline, 0.0))

    @cached_property
    def headline(self) -> str:
        """Name of the metric that ranks."""
        return _first(self.scored or self.bundles)[0].shared.headline

    @cached_property
    def status(self) -> str:
        """ "ok" when all trials are alike, else with counts: "ok 4/5, timeout 1/5"."""
        counts: Counter[Status] = Counter()
        for bundle in self.bundles:
            counts[bundle.shared.status] += len(bundle)
        if len(counts) == 1:
            return str(*counts)
        return ", ".join(f"{status} {counts[status]}/{self.trials}" for status in Status if status in counts)

    @property
    def sentence(self) -> str:
        """What became of the first trial that is not ok."""
        failed = [bundle for bundle in self.bundles if bundle.shared.status is not Status.OK]
        if not failed:
            return ""
        bundle, row = _first(failed)
        return bundle.own[row].sentence

    @cached_property
    def metrics(self) -> dict[str, float | None]:
        """Medians by name. A failed trial counts as infinite; an ok one without the metric not at all.

        Of what is 0 or 1 in a trial it is the share of the ok trials that have it.
        """
        task = TASKS.get(self.first.cell.task)
        shares = frozenset() if task is None else task.shares
        return {
            name: self._share(name) if name in shares else finite(value)
            for (kind, name), value in sorted(self._outcomes.items())
            if kind == "metrics"
        }

    def _share(self, name: str) -> float | None:
        names, numbers = self._scores
        found = numbers[:, names.index(("metrics", name))]
        known = found[np.isfinite(found)]
        return float(np.mean(known)) if len(known) else None

    @cached_property
    def differences(self) -> bool:
        """Whether the gradients of a scored trial were taken by differences."""
        return any(bundle.shared.differences for bundle in self.scored)

    @cached_property
    def floors(self) -> dict[str, float]:
        """The largest floor of every metric that has one."""
        names, floors = _table(
            [(tuple(("metrics", name) for name in one.shared.metrics), one.floors) for one in self.scored]
        )
        largest = np.fmax.reduce(floors, axis=0, initial=-math.inf).tolist()
        return {name: floor for (_, name), floor in sorted(zip(names, largest, strict=True)) if floor > 0}

    @cached_property
    def work(self) -> dict[str, float]:
        """Median counts at the scored checkpoint, of the trials that have them."""
        # Of an odd number of counts it is one of them.
        return {
            name: int(value) if known % 2 else value
            for (kind, name), (value, known) in sorted(self._spent.items())
            if kind == "work"
        }

    def usage(self, name: str) -> float | None:
        """Median of one of `SHOWN` over the trials that have it."""
        return finite(self._spent.get(("usage", name), (math.nan, 0))[0])

    @property
    def error_estimate(self) -> float | None:
        """Median of what its solver says of its own error, over the trials that say it."""
        return finite(self._spent.get(("told", ERROR_ESTIMATE), (math.nan, 0))[0])

    @cached_property
    def _spent(self) -> dict[tuple[str, str], tuple[float, int]]:
        """Medians of work, of the estimated error and of what is shown of usage, and of how many trials."""
        names, numbers = _table([(one.shared.spent, one.spent) for one in self.counted])
        shown = [column for column, (kind, name) in enumerate(names) if kind == "work" or name in SHOWN]
        numbers = numbers[:, shown]
        known = np.isfinite(numbers)
        found = medians(np.where(known, numbers, math.nan))
        return dict(
            zip(
                [names[column] for column in shown],
                zip(found, np.count_nonzero(known, axis=0).tolist(), strict=True),
                strict=True,
            )
        )

    @cached_property
    def targets(self) -> set[float]:
        """The targets that its records declare."""
        return set().union(*(bundle.shared.targets for bundle in self.counted))

    def knows(self, target: float) -> bool:
        """Whether every scored trial says when it reached a target: none was run, or judged anew, without it."""
        return all(target in bundle.shared.targets for bundle in self.scored)

    def seconds_to(self, target: float) -> float:
        """Median seconds to a target; infinite where at least half of the trials miss it."""
        return self._outcomes.get(("seconds", repr(target)), math.inf)

    def work_to(self, target: float) -> float:
        """Median evaluations to a target; infinite as above, or where nobody counted them."""
        return self._outcomes.get(("cost", repr(target)), math.inf)

    @cached_property
    def _outcomes(self) -> dict[tuple[str, str], float]:
        """Medians of the metrics, and of the seconds and of the work to the targets."""
        names, numbers = self._scores
        return dict(zip(names, medians(numbers, self.failures), strict=True))

    @cached_property
    def _scores(self) -> tuple[Names, Floats]:
        return _table([(one.shared.outcomes, one.outcomes) for one in self.scored])


Names = tuple[tuple[str, str], ...]
"""Kind and name of every column."""


def _first(bundles: Sequence[Bundle]) -> tuple[Bundle, int]:
    """The bundle and the row of the record of the lowest seed."""
    seed, number = min((min(bundle.seeds), number) for number, bundle in enumerate(bundles))
    return bundles[number], bundles[number].seeds.index(seed)


def _table(parts: Sequence[tuple[Names, Floats]]) -> tuple[Names, Floats]:
    """One row per trial and one column per name.

    A target that a trial does not know was not reached by it; a metric that it does not have is NaN, as is what nobody
    measured.
    """
    variants = dict.fromkeys(names for names, _ in parts)
    if len(variants) == 1:
        (names,) = variants
        return names, parts[0][1] if len(parts) == 1 else np.concatenate([numbers for _, numbers in parts])
    names = tuple(dict.fromkeys(name for variant in variants for name in variant))
    missing = [math.inf if kind in ("seconds", "cost") else math.nan for kind, _ in names]
    tables = [np.tile(np.array(missing, float), (len(numbers), 1)) for _, numbers in parts]
    for table, (own, numbers) in zip(tables, parts, strict=True):
        table[:, [names.index(name) for name in own]] = numbers
    return names, np.concatenate([np.empty((0, len(names))), *tables])


def trial_error(record: Record) -> float:
    """The headline error at the budget; a failed trial counts as infinite."""
    value = record.metrics[record.headline].value if record.scored else None
    return math.inf if value is None else value
