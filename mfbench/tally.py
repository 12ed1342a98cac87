"""The trials of one contender on one problem, and their medians."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mfbench.bundles import USAGE, Bundle, Floats, Shared
from mfbench.medians import medians
from mfbench.newest import NOT_RUN
from mfbench.record import Record, Status
from mfbench.statistics import Sample

SHOWN = ("seconds_setup", "seconds_solve", "seconds_cpu", "peak_memory_mb")
"""Entries of `Usage` that a table shows."""


def finite(value: float | None) -> float | None:
    """The value where it is a finite number, else None."""
    return value if value is not None and math.isfinite(value) else None


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
        """Medians by name. A failed trial counts as infinite; an ok one without the metric not at all."""
        return {name: finite(value) for name, value in sorted(self._medians[0].items())}

    @cached_property
    def floors(self) -> dict[str, float]:
        """The largest floor of every metric that has one."""
        names, floors = _table(self.scored, lambda one: one.metrics, lambda bundle: bundle.floors)
        largest = np.fmax.reduce(floors, axis=0, initial=-math.inf).tolist()
        return {name: floor for name, floor in sorted(zip(names, largest, strict=True)) if floor > 0}

    @cached_property
    def work(self) -> dict[str, float]:
        """Median counts at the scored checkpoint, of the trials that have them."""
        return dict(sorted(self._spent[0].items()))

    def usage(self, name: str) -> float | None:
        """Median of one of `SHOWN` over the trials that have it."""
        return finite(self._spent[1].get(name))

    @cached_property
    def _spent(self) -> tuple[dict[str, float], dict[str, float]]:
        """Medians of work and of what is shown of usage, by name."""
        if not self.counted:
            return {}, {}
        kinds, work = _table(self.counted, lambda one: one.work, lambda bundle: bundle.work)
        used = np.concatenate([bundle.usage for bundle in self.counted])[
            :, [USAGE.index(name) for name in SHOWN]
        ]
        found = medians(np.hstack([work, np.where(np.isfinite(used), used, math.nan)]))
        known = (len(work) - np.count_nonzero(np.isnan(work), axis=0)).tolist()
        # A median of counts is one of them, or lies halfway between two.
        counts = [int(count) if number % 2 else count for number, count in zip(known, found, strict=False)]
        return dict(zip(kinds, counts, strict=True)), dict(zip(SHOWN, found[len(kinds) :], strict=True))

    @cached_property
    def targets(self) -> set[float]:
        """The targets that its records declare."""
        return set().union(*(bundle.shared.targets for bundle in self.counted))

    def knows(self, target: float) -> bool:
        """Whether every scored trial says when it reached a target: none was run, or judged anew, without it."""
        return all(target in bundle.shared.targets for bundle in self.scored)

    def seconds_to(self, target: float) -> float:
        """Median seconds to a target; infinite where at least half of the trials miss it."""
        return self._medians[1].get(repr(target), math.inf)

    def work_to(self, target: float) -> float:
        """Median evaluations to a target; infinite as above, or where nobody counted them."""
        return self._medians[2].get(repr(target), math.inf)

    @cached_property
    def _medians(self) -> list[dict[str, float]]:
        """Of the metrics, of the seconds and of the work to the targets, by name."""
        tables = [
            _table(self.scored, lambda one: one.metrics, lambda bundle: bundle.values),
            _table(
                self.scored,
                lambda one: one.seconds_to_target,
                lambda bundle: bundle.seconds_to_target,
                math.inf,
            ),
            _table(
                self.scored, lambda one: one.work_to_target, lambda bundle: bundle.work_to_target, math.inf
            ),
        ]
        found = iter(medians(np.hstack([numbers for _, numbers in tables]), self.failures))
        return [dict(zip(names, found, strict=False)) for names, _ in tables]


def _first(bundles: Sequence[Bundle]) -> tuple[Bundle, int]:
    """The bundle and the row of the record of the lowest seed."""
    lowest = [(min(bundle.seeds), number) for number, bundle in enumerate(bundles)]
    seed, number = min(lowest)
    return bundles[number], bundles[number].seeds.index(seed)


def _table(
    bundles: Sequence[Bundle],
    names_of: Callable[[Shared], tuple[str, ...]],
    numbers_of: Callable[[Bundle], Floats],
    missing: float = math.nan,
) -> tuple[tuple[str, ...], Floats]:
    """One row per trial and one column per name; `missing` where a trial has no such number."""
    variants = dict.fromkeys(names_of(bundle.shared) for bundle in bundles)
    if len(variants) == 1:
        (names,) = variants
        tables = [numbers_of(bundle) for bundle in bundles]
        return names, tables[0] if len(tables) == 1 else np.concatenate(tables)
    names = tuple(dict.fromkeys(name for variant in variants for name in variant))
    parts = [np.full((len(bundle), len(names)), missing) for bundle in bundles]
    for bundle, part in zip(bundles, parts, strict=True):
        part[:, [names.index(name) for name in names_of(bundle.shared)]] = numbers_of(bundle)
    return names, np.concatenate([np.empty((0, len(names))), *parts])


def trial_error(record: Record) -> float:
    """The headline error at the budget; a failed trial counts as infinite."""
    value = record.metrics[record.headline].value if record.scored else None
    return math.inf if value is None else value
