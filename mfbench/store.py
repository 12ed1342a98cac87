"""Results folders: the only reader and writer of records.

A folder holds `records/TASK/FAMILY/SOLVER/SEED-KEY.json`, one document per trial, and beside a
document the scored values as `.npz` of the same stem. A document is written atomically and
is complete once it has its name, so a folder needs no lock, and other tools can read it. Of a large folder
a reader leaves an index, which is derived (see `index`).
"""

from __future__ import annotations

import fcntl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mfbench.garbage import uncollected
from mfbench.listing import listing, scan
from mfbench.record import SCHEMA, Cell, Record
from mfbench.strangers import read_arrays, read_file
from mfbench.whole_files import PART, replacing

if TYPE_CHECKING:
    import numpy as np

RECORDS = "records"

MOST_RECORD = 2**24
"""Bytes of a document; a curve of fifty looks makes ten thousand."""

YOUNG = 1.0
"""Seconds in which a file that is being written has its lock."""

UNREADABLE = (OSError, msgspec.MsgspecError, ValueError, RecursionError)
"""What reading a broken or foreign document may raise; the last one where it is nested without end."""


@dataclass
class Reading:
    """Every record of some folders, with the path of its document and its key; and what could not be read, and why."""

    records: Sequence[Record] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


class Store:
    """One results folder. It need not exist before the first record is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check_writable(self) -> None:
        """Make the folder, and a file in it.

        Raises:
            OSError: it cannot be made or written to; said before anything is run.
        """
        try:
            (self.folder / RECORDS).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder / RECORDS):
                pass
            sweep(self.folder / RECORDS)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(
                f"results folder {self.folder}: {reason}; choose one that can be written to."
            ) from error

    def path(self, cell: Cell, key: str) -> Path:
        """Where the record of a key lies."""
        family = cell.problem.partition("/")[2]
        return self.folder / RECORDS / cell.task / family / cell.solver / f"{cell.seed}-{key[:20]}.json"

    def write(self, record: Record, arrays: Mapping[str, np.ndarray] | None = None) -> Path:
        """Write a record to its place.

        Raises:
            OSError: read-only folder, full disk; nothing half-written stays.
        """
        path = self.path(record.cell, record.key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_record(path, record, arrays)
        except OSError as error:
            raise OSError(
                f"results folder {self.folder}: {error.strerror or error}; what it holds is whole, and the same "
                "command carries on from there."
            ) from error
        return path

    def keep(
        self,
        record: Record,
        arrays: Mapping[str, np.ndarray] | None = None,
        replaceable: Record | None = None,
    ) -> Record:
        """Write a record to its place, and return the one that counts.

        One that says less than what it would replace is not written; and where another host has finished the trial
        meanwhile, what that one has kept stands.

        Args:
            record, arrays: what is to be kept.
            replaceable: the final record that it may replace, if there is one.

        Raises:
            OSError: as `write`.
        """
        earlier = self.read(record.cell, record.key)
        if earlier is not None and earlier.status.final:
            if not record.status.final:
                return record
            if earlier != replaceable:
                return earlier
        self.write(record, arrays)
        return record

    def read(self, cell: Cell, key: str) -> Record | None:
        """The record of a key, or None when there is none that can be read."""
        try:
            return self.fetch(cell, key)
        except UNREADABLE:
            return None

    def fetch(self, cell: Cell, key: str) -> Record:
        """The record of a key.

        Raises:
            FileNotFoundError: there is none; any of `UNREADABLE`: there is one, and it is broken or another's.
        """
        record = decode_record(self.path(cell, key))
        if record.key != key:
            raise ValueError(f"it is the record of the key {record.key}; expected {key}.")
        if record.cell != cell:
            raise ValueError(f"it was changed: its key is that of {_differing(cell, record.cell)}.")
        return record

    def read_all(self) -> Reading:
        """Every record of the folder, in the order of file names."""
        reading, records = Reading(), []
        for path in scan(self.folder, RECORDS):
            record = _decoded(f"{self.folder}/{path}", reading)
            if record is not None:
                records.append(record)
                reading.keys.append(record.key)
                reading.paths.append(f"{self.folder}/{path}")
        reading.records = records
        return reading

    def summaries(self) -> Reading:
        """The same, but less of each record (`Summaries`), from the folder's index where there is one."""
        from mfbench import index
        from mfbench.bundling import Binding
        from mfbench.summaries import Summaries

        reading, fresh = Reading(), Binding()
        with uncollected():
            listed = list(listing(self.folder, RECORDS))
            starts = [(f"{self.folder}/{path}/", names) for path, names, _ in listed]
            paths = [start + name for start, names in starts for name in names]
            bundles, unknown = index.unchanged(index.read_index(self.folder, len(paths)), listed)
            for place in unknown.tolist():
                record = _decoded(paths[place], reading)
                if record is not None:
                    fresh.add(place, record)
            summaries = Summaries([*bundles, *fresh.bundles()])
            if len(fresh) >= max(index.WORTH, len(paths) // 100):
                index.write_index(self.folder, listed, summaries.bundles)
            reading.records, reading.keys = summaries, summaries.keys()
            reading.paths = (
                [paths[place] for place in summaries.places.tolist()] if reading.unreadable else paths
            )
        return reading

    def arrays(self, record: Record) -> dict[str, np.ndarray]:
        """The scored values that lie beside a record; {} when there are none.

        Raises:
            OSError, ValueError: the file is missing, broken, too large or holds pickled objects.
        """
        if record.arrays is None:
            return {}
        return read_arrays(self.path(record.cell, record.key).with_suffix(".npz"))


def write_record(path: Path, record: Record, arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write one document and its arrays, these first; whoever sees the document sees all of it.

    Raises:
        OSError: read-only folder, full disk; nothing half-written stays.
    """
    target = path.with_suffix(".npz")
    if arrays:
        import numpy as np

        with replacing(target) as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        record = msgspec.structs.replace(record, arrays=target.name)
    with replacing(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(record), indent=1))
    if not arrays:
        target.unlink(missing_ok=True)  # of an earlier run


_decode = msgspec.json.Decoder(Record).decode


def decode_record(path: str | Path) -> Record:
    """Read one document.

    Raises:
        msgspec.MsgspecError: not a record; ValueError: written by a newer mfbench, too large, no file; OSError.
    """
    record = _decode(read_file(path, MOST_RECORD))
    if record.schema > SCHEMA:
        raise ValueError(f"schema {record.schema} is newer than {SCHEMA}; update mfbench to read it.")
    return record


def sweep(folder: Path) -> None:
    """Remove what hosts that were killed have left half written below a folder; the kernel has unlocked it."""
    for name in scan(folder, ".", PART):
        path = folder / name
        if not path.name.startswith("."):
            continue
        with suppress(OSError), path.open("rb") as file:  # gone meanwhile, or another user's
            if time.time() - path.stat().st_mtime > YOUNG:  # a moment lies between its making and its lock
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def _differing(cell: Cell, found: Cell) -> str:
    """Where a record's cell departs from the one that it should tell of, in words."""
    pairs = ((name, getattr(cell, name), getattr(found, name)) for name in Cell.__struct_fields__)
    return ", ".join(f"{name} {one!r} and not {other!r}" for name, one, other in pairs if one != other)


def _decoded(path: str, reading: Reading) -> Record | None:
    """The record of one document; None, and noted in the reading, if it cannot be read."""
    try:
        return decode_record(path)
    except UNREADABLE as error:
        reading.unreadable.append((Path(path), str(error)))
        return None


def read_folders(folders: Iterable[Path], summaries: bool = False) -> Reading:
    """The records of several folders together, or their summaries; a record that stands in two counts once."""
    whole, seen = Reading(), set[str]()
    parts: list[tuple[Any, Sequence[int]]] = []
    for folder in folders:
        store = Store(folder)
        reading = store.summaries() if summaries else store.read_all()
        whole.unreadable.extend(reading.unreadable)
        new: Sequence[int] = range(len(reading.keys))
        keys = set(reading.keys)
        if len(keys) == len(new) and seen.isdisjoint(keys):
            whole.keys += reading.keys
            whole.paths += reading.paths
        else:
            first = {key: number for number, key in reversed([*enumerate(reading.keys)])}
            new = sorted(number for key, number in first.items() if key not in seen)
            whole.keys += [reading.keys[number] for number in new]
            whole.paths += [reading.paths[number] for number in new]
        seen |= keys
        parts.append((reading.records, new))
    if summaries:
        from mfbench.summaries import Summaries

        whole.records = Summaries.joined([records.only(new) for records, new in parts])
    else:
        whole.records = [records[number] for records, new in parts for number in new]
    return whole


def each_record(folders: Iterable[Path], refuse: Callable[[Path, str], None]) -> Iterator[Record]:
    """The records of several folders one by one, each once; for what must not hold all of them in memory.

    Args:
        folders: results folders.
        refuse: is told of every document that cannot be read, and why.
    """
    keys: set[str] = set()
    for folder in folders:
        for path in scan(folder, RECORDS):
            try:
                record = decode_record(folder / path)
            except UNREADABLE as error:
                refuse(folder / path, str(error))
                continue
            if record.key not in keys:
                keys.add(record.key)
                yield record
