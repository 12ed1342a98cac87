"""The index of a results folder: what rankings need of every record, in one file beside the documents.

Opening a hundred thousand documents takes longer than ranking them. The index is derived data and the documents are
the truth: an entry stands for a document only as long as its size, times and inode are those that it had when it was
read, and whatever is wrong with the file (cut short, corrupt, of another version, a stranger's) makes it count for
nothing. It is never appended to, but replaced as a whole by a rename, so hosts that share a folder need no lock: the
last one wins, and either file is right.

    magic "mfbi" | CRC-32 of the body, uint32 | body

(little endian); the body is msgpack of `Index`. What the trials of a contender share is stored once.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from mfbench.record import Cell, Limits, Metric, Record, Status, Usage

NAME = "records.index"
HEADER = struct.Struct("<4sI")
MAGIC = b"mfbi"

WORTH = 1000
"""An index is written when so many documents, and a hundredth of the folder, had to be read without one."""

ENTRY_BYTES = 2**14
"""No index is read that is larger than this for each document of its folder."""

SETTLED = 3.0
"""Seconds of the file system's own clock after which a document is taken up: a second change within one tick of that
clock would leave no trace in its times."""

Stamp = tuple[int, int, int, int]
"""Size, times of change of contents and of status (ns), inode. The status time cannot be set by hand."""


class Summary(Record, frozen=True, kw_only=True):
    """A record as rankings need it. Left out, and empty here whatever the document says: the curve, the reports, the
    last lines of stderr, the sentence of a trial that is ok, and of a metric all but value and floor. Not to be written.
    """


class Brief(Metric, frozen=True, array_like=True, gc=False):
    """A metric in an index."""


class Spent(Usage, frozen=True, array_like=True, gc=False):
    """A usage in an index."""


class Shared(msgspec.Struct, frozen=True, array_like=True):
    """What the trials of one contender on one problem mostly have in common; the seed of the cell means nothing."""

    cell: Cell
    limits: Limits
    headline: str
    targets: list[float]
    judge: str
    points: str
    code: dict[str, str]
    versions: dict[str, str]
    machine: dict[str, str]
    control: bool
    schema: int
    protocol: int


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One document: where it lies below the folder, its stamp, the number of its `Shared`, and its own part."""

    path: str
    stamp: Stamp
    shared: int
    seed: int
    key: str
    status: Status
    sentence: str
    started: str
    metrics: dict[str, Brief]
    seconds_to_target: dict[str, float | None]
    work_to_target: dict[str, int | None]
    work: dict[str, int]
    usage: Spent
    arrays: str | None


class Index(msgspec.Struct, frozen=True, array_like=True):
    """The whole file."""

    layout: str
    shared: list[Shared]
    entries: list[Entry]


LAYOUT = hashlib.sha256(
    repr(
        [(kind.__name__, kind.__struct_fields__) for kind in (Shared, Entry, Brief, Spent, Cell, Limits)]
    ).encode()
).hexdigest()
"""Names the fields above, in their order; an index of another layout counts for nothing."""

_decode = msgspec.msgpack.Decoder(Index).decode


def scan(folder: Path, below: str, suffix: str = ".json") -> Iterator[tuple[str, Stamp]]:
    """Path relative to the folder, and stamp, of every document below a part of it, in the order of names."""
    try:
        with os.scandir(folder / below) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:  # none yet, or gone meanwhile
        return
    for entry in entries:
        path = f"{below}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from scan(folder, path, suffix)
        elif entry.name.endswith(suffix):
            try:
                status = entry.stat()
            except OSError:
                continue
            yield path, (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def read_index(folder: Path, documents: int) -> dict[tuple[str, Stamp], Summary]:
    """What the folder's index knows, by path and stamp; nothing if there is no index, or none that can be used.

    Args:
        folder: a results folder.
        documents: how many documents it has, which bounds the size of an index.
    """
    try:
        with (folder / NAME).open("rb") as file:
            if os.fstat(file.fileno()).st_size > HEADER.size + ENTRY_BYTES * (documents + 1):
                return {}
            magic, checksum = HEADER.unpack(file.read(HEADER.size))
            body = file.read()
        if magic != MAGIC or zlib.crc32(body) != checksum:
            return {}
        index = _decode(body)
        if index.layout != LAYOUT:
            return {}
        return {
            (entry.path, entry.stamp): _summary(entry, index.shared[entry.shared]) for entry in index.entries
        }
    except (OSError, struct.error, msgspec.MsgspecError, ValueError, IndexError, RecursionError, MemoryError):
        return {}


def _summary(entry: Entry, shared: Shared) -> Summary:
    cell = shared.cell
    return Summary(
        key=entry.key,
        cell=Cell(
            task=cell.task,
            problem=cell.problem,
            problem_parameters=cell.problem_parameters,
            solver=cell.solver,
            solver_parameters=cell.solver_parameters,
            seed=entry.seed,
            device=cell.device,
            budget=cell.budget,
        ),
        limits=shared.limits,
        status=entry.status,
        sentence=entry.sentence,
        started=entry.started,
        headline=shared.headline,
        metrics=entry.metrics,  # type: ignore[arg-type]
        targets=shared.targets,
        seconds_to_target=entry.seconds_to_target,
        work_to_target=entry.work_to_target,
        work=entry.work,
        usage=entry.usage,
        judge=shared.judge,
        points=shared.points,
        code=shared.code,
        versions=shared.versions,
        machine=shared.machine,
        control=shared.control,
        arrays=entry.arrays,
        schema=shared.schema,
        protocol=shared.protocol,
    )


def write_index(folder: Path, records: Iterable[tuple[str, Stamp, Record]]) -> None:
    """Replace the folder's index, if the folder can be written to; documents that have just changed wait.

    Args:
        folder: a results folder.
        records: path below the folder, stamp when it was read, and the record or its summary.
    """
    temporary = folder / f".{NAME}.{os.getpid()}.part"
    try:
        temporary.touch()
        now = temporary.stat().st_mtime_ns
        settled = [one for one in records if now - max(one[1][1:3]) > SETTLED * 1e9]
        body = msgspec.msgpack.encode(_packed(settled))
        temporary.write_bytes(HEADER.pack(MAGIC, zlib.crc32(body)) + body)
        temporary.replace(folder / NAME)
    except OSError:  # a folder that is read-only, a disk that is full: there is no index, and nothing is lost
        temporary.unlink(missing_ok=True)


def _packed(records: Iterable[tuple[str, Stamp, Record]]) -> Index:
    numbers: dict[bytes, int] = {}
    shared: list[Shared] = []
    entries = []
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    for path, stamp, record in records:
        common = Shared(
            msgspec.structs.replace(record.cell, seed=0),
            record.limits,
            record.headline,
            record.targets,
            record.judge,
            record.points,
            record.code,
            record.versions,
            record.machine,
            record.control,
            record.schema,
            record.protocol,
        )
        number = numbers.setdefault(encode(common), len(shared))
        if number == len(shared):
            shared.append(common)
        usage = msgspec.structs.asdict(record.usage)
        entries.append(
            Entry(
                path,
                stamp,
                number,
                record.cell.seed,
                record.key,
                record.status,
                "" if record.status is Status.OK else record.sentence,
                record.started,
                {name: Brief(value=one.value, floor=one.floor) for name, one in record.metrics.items()},
                record.seconds_to_target,
                record.work_to_target,
                record.work,
                Spent(**usage),
                record.arrays,
            )
        )
    return Index(LAYOUT, shared, entries)
