"""What a check says."""

from __future__ import annotations

import enum
from collections.abc import Iterable

import msgspec


class Outcome(enum.StrEnum):
    """Whether an entry keeps a rule."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"
    """It could not be found out, or the rule does not concern it."""


class Verdict(msgspec.Struct, frozen=True):
    """One check on one entry: its name, what came out, and a sentence for a person."""

    check: str
    outcome: Outcome
    sentence: str


def passed(check: str, sentence: str) -> Verdict:
    """The rule is kept."""
    return Verdict(check, Outcome.PASS, sentence)


def failed(check: str, sentence: str) -> Verdict:
    """The rule is broken."""
    return Verdict(check, Outcome.FAIL, sentence)


def skipped(check: str, sentence: str) -> Verdict:
    """Nobody can say."""
    return Verdict(check, Outcome.SKIP, sentence)


def failures(verdicts: Iterable[Verdict]) -> list[str]:
    """Names of the checks that failed."""
    return [verdict.check for verdict in verdicts if verdict.outcome is Outcome.FAIL]
