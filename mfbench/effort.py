"""What a checkpoint says beside its answer, work and reports, as plain numbers that a document can hold."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

MOST_NAMES = 32
"""Names in the work of a checkpoint, and as many in its reports: both stand in every record, work at every look."""

LONGEST_NAME = 50
"""Bytes of a name. A block of a journal must have room for all of them (`room.WORDS_ROOM`)."""

MOST_COUNT = 2**63 - 1

Number = TypeVar("Number", int, float)


def plain_work(work: Mapping[str, Any]) -> dict[str, int]:
    """Work as a document holds it.

    Raises:
        ValueError: counts that are no whole numbers >= 0; too many names, or names that are too long.
    """
    return _plain("work", work, _count)


def plain_reports(reports: Mapping[str, Any]) -> dict[str, float]:
    """Reports as a document holds them.

    Raises:
        TypeError, ValueError: values that are no numbers; too many names, or names that are too long.
    """
    return _plain("reports", reports, float)


def _plain(what: str, given: Mapping[str, Any], number: Callable[[Any], Number]) -> dict[str, Number]:
    if len(given) > MOST_NAMES:
        raise ValueError(f"{what} has {len(given)} names; expected at most {MOST_NAMES}.")
    found = {}
    for name, value in given.items():
        if not isinstance(name, str) or len(name.encode(errors="replace")) > LONGEST_NAME:
            raise ValueError(
                f"{what} has the name {repr(name)[:LONGEST_NAME]}; expected text of at most {LONGEST_NAME} bytes."
            )
        try:
            found[name] = number(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{what}[{name!r}]: {error}") from None
    return found


def _count(value: Any) -> int:
    """A whole number, whatever type it has: numpy's and a framework's count too, and 3.0 does."""
    try:
        count = operator.index(value)
    except TypeError:
        count = int(value)
        if count != value:
            raise ValueError(f"{value} is no whole number.") from None
    if not 0 <= count <= MOST_COUNT:
        raise ValueError(f"{count} is no whole number from 0 to {MOST_COUNT}.")
    return count
