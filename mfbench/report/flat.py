"""Records as flat rows for other tools: a column for every number, also for what only some records have.

Names with a dot are entries of a mapping: "metrics.wrmse", "usage.seconds_cpu", "seconds_to_target.0.01". A number that
is infinite (an error, a target that was not reached) reads "inf" in CSV and Parquet and null in JSON lines; what a
record does not have is an empty cell, a null of Parquet, and no key at all in JSON lines. A column of whole numbers is
one of reals in Parquet where a number does not fit 64 bits, or an infinite one is among them; beyond 2^53 digits are lost.

Records may be a stranger's: what a terminal would obey is taken out of CSV and escaped in JSON, and a text that a
spreadsheet would take for a formula begins with an apostrophe.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from mfbench.labels import canonical, cell
from mfbench.record import Record, Usage
from mfbench.whole_files import written

UNPRINTED = re.compile(r"[^\x20-\x7e]")
"""What is written as \\uXXXX in JSON lines: everything that a terminal could obey, and more."""

INFINITE_IF_NONE = ("metrics", "seconds_to_target", "work_to_target")
"""Mappings in which None stands for a number that is not finite."""

BATCH = 10_000
"""Rows of a group of a Parquet file."""

Row = dict[str, Any]
Rows = Iterator[Row]


class NoParquet(Exception):
    """The library that writes Parquet is not installed."""


def flat(record: Record, curve: bool = False) -> Row:
    """One record as a row: column -> text, number, truth value, or list of numbers for a curve."""
    asked = record.cell
    row: Row = {
        "key": record.key,
        "task": asked.task,
        "problem": asked.problem,
        "problem_parameters": canonical(asked.problem_parameters),
        "solver": asked.solver,
        "solver_parameters": canonical(asked.solver_parameters),
        "seed": asked.seed,
        "device": asked.device,
        "budget": asked.budget,
        "status": str(record.status),
        "sentence": record.sentence,
        "started": record.started,
        "control": record.control,
        "headline": record.headline,
    }
    if record.differences is not None:
        row["differences"] = record.differences
    if record.scored:
        row["error"] = math.inf if record.error is None else record.error
    mappings: dict[str, Any] = {
        "usage": {
            name: value for name, value in msgspec.structs.asdict(record.usage).items() if value is not None
        },
        "metrics": {name: metric.value for name, metric in record.metrics.items()},
        "floors": {name: metric.floor for name, metric in record.metrics.items()},
        "standard_errors": {
            name: metric.standard_error
            for name, metric in record.metrics.items()
            if metric.standard_error is not None
        },
        "seconds_to_target": record.seconds_to_target,
        "work_to_target": record.work_to_target,
        "work": record.work,
        "reports": record.reports,
        "limits": msgspec.structs.asdict(record.limits),
        "machine": record.machine,
        "versions": record.versions,
        "code": record.code,
    }
    for what, mapping in mappings.items():
        for name, value in mapping.items():
            infinite = value is None and what in INFINITE_IF_NONE
            row[f"{what}.{name}"] = math.inf if infinite else value
    row |= {"judge": record.judge, "points": record.points, "arrays": record.arrays or ""}
    row |= {"schema": record.schema, "protocol": record.protocol}
    if curve:
        row["curve.seconds"] = [look.seconds for look in record.curve]
        row["curve.error"] = [math.inf if look.error is None else look.error for look in record.curve]
        row["curve.evaluations"] = [look.work.get("evaluations") for look in record.curve]
    return row


def columns_of(rows: Iterable[Row]) -> list[str]:
    """The columns of a table: those of single values first, then each mapping's by name. Usage is always whole."""
    plain: dict[str, None] = {}
    dotted = {f"usage.{field.name}" for field in msgspec.structs.fields(Usage)}
    for row in rows:
        for name in row:
            if "." in name:
                dotted.add(name)
            else:
                plain[name] = None
    return [*plain, *sorted(dotted)]


def write_jsonl(rows: Iterable[Row], file: IO[str]) -> None:
    """One JSON object a line."""
    for row in rows:
        file.write(UNPRINTED.sub(_escaped, msgspec.json.encode(row).decode()) + "\n")


def _escaped(match: re.Match[str]) -> str:
    code = match[0].encode("utf-16-be")
    return "".join(f"\\u{code[i : i + 2].hex()}" for i in range(0, len(code), 2))


def write_csv(rows: Callable[[], Iterator[Row]], file: IO[str]) -> None:
    """A header and one line a row, lines end in a line feed.

    Args:
        rows: gives the rows, each time from the first one on: columns must be known before the first line.
        file: where to.
    """
    columns = columns_of(rows())
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    for row in rows():
        writer.writerow([_cell(row.get(name, "")) for name in columns])


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "[" + ",".join("null" if one is None else repr(one) for one in value) + "]"
    return cell(value) if isinstance(value, str) else value


def write_parquet(rows: Callable[[], Iterator[Row]], path: Path) -> None:
    """A Parquet file.

    Raises:
        NoParquet: pyarrow is not installed.
        OSError: it cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NoParquet(
            "Parquet is written by pyarrow, which is not installed; run: pip install 'mfbench[parquet]', or say "
            "--format csv or jsonl."
        ) from None
    columns = columns_of(rows())
    kinds = {"text": pa.string(), "truth": pa.bool_(), "whole": pa.int64(), "real": pa.float64()}
    kinds |= {f"list of {name}": pa.list_(kind) for name, kind in kinds.items()}
    names = _kinds(rows())
    schema = pa.schema([(name, kinds[names.get(name, "real")]) for name in columns])
    pending = rows()
    with written(path) as file, pq.ParquetWriter(file, schema) as writer:
        while batch := list(islice(pending, BATCH)):
            arrays = {name: [_as(names.get(name), row.get(name)) for row in batch] for name in columns}
            writer.write_table(pa.table(arrays, schema=schema))


def _as(kind: str | None, value: Any) -> Any:
    """A value as its column holds it. Arrow refuses what it would have to convert with a loss."""
    if value is None:
        return None
    match kind:
        case "text":
            return str(value)
        case "real":
            return _real(value)
        case "list of real":
            return [None if one is None else _real(one) for one in value]
    return value


def _real(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of more than three hundred digits
        return math.inf if value > 0 else -math.inf


def _kinds(rows: Iterable[Row]) -> dict[str, str]:
    """What every column holds; real where whole and real numbers meet, text where anything else does."""
    found: dict[str, str] = {}
    for row in rows:
        for name, value in row.items():
            kind = _kind(value)
            known = found.setdefault(name, kind)
            if kind != known:
                found[name] = _either(known, kind)
    return {name: kind.replace("nothing", "real") for name, kind in found.items()}


def _either(one: str, other: str) -> str:
    if "nothing" in (one.removeprefix("list of "), other.removeprefix("list of ")):
        return other if one.endswith("nothing") else one
    numbers = ("whole", "real", "list of whole", "list of real")
    if one in numbers and other in numbers:
        return one.replace("whole", "real")
    return "text"


def _kind(value: Any) -> str:
    if isinstance(value, list):
        kinds = {_kind(one) for one in value if one is not None}
        return "list of " + ("nothing" if not kinds else "real" if kinds != {"whole"} else "whole")
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole" if -(2**63) <= value < 2**63 else "real"
    return "real" if isinstance(value, float) else "text"
