"""Rows for machines: JSON and CSV, every field, None where a number is infinite or unknown.

Records may be a stranger's: what a terminal would obey is escaped in JSON and taken out of CSV, which has no escapes;
and a CSV cell that a spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec

from mfbench.labels import cell, escaped
from mfbench.rows import Row

FLATTENED = ("work", "metrics", "floors")
"""Mappings that get a CSV column per key, "metrics.skill"; other mappings stay JSON text."""


def as_json(rows: Sequence[Row]) -> str:
    """A list of objects. NaN and infinity never appear."""
    return escaped(msgspec.json.format(msgspec.json.encode(list(rows)), indent=2).decode()) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """One line per row, lines end in a line feed; an empty cell is None or not measured.

    A metric that is present and infinite reads "inf", so that it differs from an absent one.
    """
    documents = [_flat(row) for row in rows]
    text = io.StringIO()
    columns = _columns(documents)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(document.get(name, "")) for name in columns] for document in documents)
    return text.getvalue()


def _columns(documents: Sequence[dict[str, Any]]) -> list[str]:
    fields = [field.name for field in msgspec.structs.fields(Row) if field.name not in FLATTENED]
    names = {name for document in documents for name in document}
    return fields + sorted(names - set(fields))


def _cell(value: Any) -> Any:
    return cell(value) if isinstance(value, str) else value


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(row).items():
        if name in FLATTENED:
            flat |= {f"{name}.{key}": "inf" if number is None else number for key, number in value.items()}
        else:
            flat[name] = msgspec.json.encode(value).decode() if isinstance(value, dict) else value
    return flat
