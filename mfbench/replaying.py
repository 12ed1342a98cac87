"""A record run again, beside the old one: are the numbers those that it has?

Equal bit for bit is what one machine, one code and one set of versions owe where a solver does the same number of steps
again. A solver that runs until its budget is spent does not: its last checkpoint is another one. So the numbers are
compared at the scored checkpoint where it stands after the same work, and else at the last look of the curves up to which
both had done the same work. A count that stands still, or none at all, tells nothing of work: then both must have ended by
themselves.
"""

from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mfbench.record import Look, Record, Spec, Status
from mfbench.registry import Registry
from mfbench.rejudging import judge_anew

ROUND_OFF = 1e-9
"""Relative difference up to which numbers are called equal within round-off; sums in another order differ by 1e-15 a
step, and an iteration carries that on."""


BY_ITSELF = "finished by itself"
"""How the sentence of such a trial begins; see `child`."""


class Agreement(enum.IntEnum):
    """How the numbers of two runs compare; the value is the exit code of `mfbench replay`."""

    EQUAL = 0
    DIFFERENT = 1
    INCOMPARABLE = 2


@dataclass(frozen=True)
class Finding:
    """One number of both runs.

    Args:
        name: which.
        before, after: None where it is infinite or missing.
    """

    name: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float:
        """Relative; 0 is bit for bit, infinite where only one of the two is a finite number."""
        if self.before == self.after:
            return 0.0
        if self.before is None or self.after is None:
            return math.inf
        return abs(self.after - self.before) / max(abs(self.before), abs(self.after))


@dataclass(frozen=True)
class Replay:
    """What running again showed.

    Args:
        agreement: the verdict.
        sentence: says it.
        findings: the numbers that it rests on.
    """

    agreement: Agreement
    sentence: str
    findings: tuple[Finding, ...] = ()


def spec_of(record: Record, key: str, plugins: tuple[str, ...]) -> Spec:
    """The trial that a record tells of, to be run here.

    Args:
        record: what was run.
        key: of its cell with the code and the versions here.
        plugins: files to load beside the installed plugins.
    """
    return Spec(key=key, cell=record.cell, limits=record.limits, plugins=plugins)


def judged_as_now(record: Record, path: Path, registry: Registry) -> Record:
    """The record as the judge of today sees it, where its stored values allow that, so that two runs have one judge."""
    return judge_anew([(path, record)], registry).records[0]


def compare(before: Record, after: Record) -> Replay:
    """Whether a second run gave the numbers of the first."""
    if after.status is Status.INTERRUPTED or after.status is Status.UNSUPPORTED:
        return Replay(Agreement.INCOMPARABLE, f"it could not be run again: {after.status}: {after.sentence}")
    if before.status is not after.status:
        return Replay(
            Agreement.DIFFERENT,
            f"not equal: it was {before.status} ({before.sentence}) and is {after.status} now ({after.sentence})",
        )
    if before.scored and after.scored and _did_the_same(before, after):
        names = sorted({*before.metrics, *after.metrics})
        findings = tuple(Finding(name, _value(before, name), _value(after, name)) for name in names)
        return _verdict(findings, "at the scored checkpoint, after the same work")
    common = _common_looks(before, after)
    if common:
        findings = tuple(
            Finding(f"{before.headline} after {_said(one)}", one.error, two.error) for one, two in common
        )
        return _verdict(
            findings,
            f"at the {len(findings)} looks that both runs took after the same work; the scored checkpoints stand after "
            f"different work, since a clock ends the run",
        )
    if before.curve or after.curve or before.scored:
        return Replay(
            Agreement.INCOMPARABLE,
            "the two runs took no look after work that is known to be the same, so there are no numbers to compare: a "
            "clock decides when a solver is looked at. Have the solver report its work, or let it end by itself",
        )
    return Replay(Agreement.EQUAL, f"both runs ended as {before.status}, without a number to compare")


def _did_the_same(before: Record, after: Record) -> bool:
    """Whether the scored checkpoints stand after the same work, as far as one can tell."""
    if before.work != after.work:
        return False
    if all(map(_ended_by_itself, (before, after))):
        return True
    return all(_work(record.work) not in _idle(record) for record in (before, after))


def _ended_by_itself(record: Record) -> bool:
    """Whether the solver came to its own end within the budget, so that no clock chose what is scored."""
    setup, solve = record.usage.seconds_setup, record.usage.seconds_solve
    if setup is None or solve is None:
        return False
    return record.sentence.startswith(BY_ITSELF) and setup + solve <= record.cell.budget


def _idle(record: Record) -> set[tuple[tuple[str, int], ...]]:
    """Counts of work that tell nothing: none at all, and those at which several looks were taken."""
    counts = Counter(_work(look.work) for look in record.curve)
    return {(), *(work for work, number in counts.items() if number > 1)}


def _work(work: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(work.items()))


def _verdict(findings: tuple[Finding, ...], where: str) -> Replay:
    worst = max(findings, key=lambda finding: finding.difference)
    if worst.difference == 0:
        return Replay(Agreement.EQUAL, f"equal bit for bit {where}", findings)
    text = f"{worst.name}: {_shown(worst.before)} before, {_shown(worst.after)} now {where}"
    if worst.difference <= ROUND_OFF:
        return Replay(
            Agreement.EQUAL, f"equal within round-off, by {worst.difference:.1e} at most; {text}", findings
        )
    return Replay(Agreement.DIFFERENT, f"not equal, by up to {worst.difference:.1e}; {text}", findings)


def _value(record: Record, name: str) -> float | None:
    metric = record.metrics.get(name)
    return None if metric is None else metric.value


def _shown(value: float | None) -> str:
    return "none" if value is None else repr(value)


def _common_looks(before: Record, after: Record) -> list[tuple[Look, Look]]:
    """Looks of both curves that were taken after the same work; a solver that counts none has none."""
    idle = _idle(before) | _idle(after)
    known = {_work(look.work): look for look in before.curve}
    pairs = [(known.get(_work(look.work)), look) for look in after.curve if _work(look.work) not in idle]
    return [(one, two) for one, two in pairs if one is not None]


def _said(look: Look) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(look.work.items()))
