"""Which records a user means: a document, or a results folder with names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mfbench.names import Selector, parse_selector
from mfbench.record import Record
from mfbench.request import BadRequest
from mfbench.store import UNREADABLE, Store, decode_record

SHOWN = 5
"""Records that a message lists where one is wanted and more answer."""


def choose_record(
    place: Path, problem: str | None, solver: str | None, seed: int | None, key: str | None
) -> tuple[Path, Record]:
    """The one record that is meant, with the path of its document.

    Args:
        place: a document, or a results folder.
        problem, solver: selectors `NAME[k=v,...]`; seed, key: a repetition, the beginning of a key. For a folder.

    Raises:
        BadRequest, NameProblem: it cannot be read; none answers, or more than one.
    """
    if place.is_file():
        if any(one is not None for one in (problem, solver, seed, key)):
            raise BadRequest(f"{place} is one record; -p, -s, --seed and --key choose from a results folder.")
        try:
            return place, decode_record(place)
        except UNREADABLE as error:
            raise BadRequest(f"{place}: no record: {error}") from error
    if not place.is_dir():
        raise BadRequest(f"{place}: no such file or folder; expected a record or a results folder.")
    wanted = [
        (name, parse_selector(text)) for name, text in (("problem", problem), ("solver", solver)) if text
    ]
    reading = Store(place).read_all()
    found = [
        (Path(path), record)
        for path, record in zip(reading.paths, reading.records, strict=True)
        if all(_answers(record, name, selector) for name, selector in wanted)
        and seed in (None, record.cell.seed)
        and record.key.startswith(key or "")
    ]
    if not found:
        raise BadRequest(f"{place}: none of its {len(reading.records)} records answers to that.")
    if len(found) > 1:
        paths = "".join(f"\n  {path}" for path, _ in found[:SHOWN]) + (
            "\n  ..." if len(found) > SHOWN else ""
        )
        raise BadRequest(
            f"{place}: {len(found)} records answer to that; say which by -p, -s, --seed or --key:{paths}"
        )
    return found[0]


def _answers(record: Record, what: str, selector: Selector) -> bool:
    name: str = getattr(record.cell, what)
    parameters: Mapping[str, Any] = getattr(record.cell, f"{what}_parameters")
    return bool(selector.matching([name])) and all(
        key in parameters and _same(parameters[key], text) for key, text in selector.parameters.items()
    )


def _same(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value) == text
