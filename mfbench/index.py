"""The index of a results folder: what rankings need of every record, in one file beside the documents.

Opening a hundred thousand documents takes longer than ranking them. The index is derived data and the documents are
the truth: what it says of a document stands only as long as its size, times and inode are those that it had when it was
read, and whatever is wrong with the file (cut short, corrupt, of another version, a stranger's) makes it count for
nothing. It is never appended to, but replaced as a whole by a rename, so hosts that share a folder need no lock: the
last one wins, and either file is right.

    magic "mfbi" | CRC-32 of the body, uint32 | body

(little endian); the body is msgpack of `Index`, arrays in it are little endian, too.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from mfbench.bundles import COLUMNS, Bundle, Own, Rows, Shared, joined
from mfbench.listing import Listed, Stamp
from mfbench.record import Cell, Limits

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


class Stored(msgspec.Struct, frozen=True, array_like=True):
    """A bundle: the numbers of its documents among all of the index as int32, and `Bundle.numbers` as float64."""

    shared: Shared
    documents: memoryview
    own: list[Own]
    numbers: memoryview


class Known(msgspec.Struct, frozen=True, array_like=True):
    """The documents of one folder, as `Listed`; all of these one after the other are numbered 0, 1, ..."""

    path: str
    names: list[str]
    stamps: list[Stamp]


class Index(msgspec.Struct, frozen=True, array_like=True):
    """The whole file."""

    layout: str
    folders: list[Known] = []
    bundles: list[Stored] = []


KINDS: tuple[type[msgspec.Struct], ...] = (Index, Known, Stored, Shared, Own, Cell, Limits)

LAYOUT = hashlib.sha256(
    repr([*((kind.__name__, kind.__struct_fields__) for kind in KINDS), COLUMNS]).encode()
).hexdigest()
"""Names the fields above, in their order; an index of another layout counts for nothing."""

NOTHING = Index("")

_decode = msgspec.msgpack.Decoder(Index).decode


def read_index(folder: Path, documents: int) -> Index:
    """The folder's index; an empty one if there is none, or none that can be used.

    Args:
        folder: a results folder.
        documents: how many documents it has, which bounds the size of an index.
    """
    try:
        with (folder / NAME).open("rb") as file:
            if os.fstat(file.fileno()).st_size > HEADER.size + ENTRY_BYTES * (documents + 1):
                return NOTHING
            magic, checksum = HEADER.unpack(file.read(HEADER.size))
            body = file.read()
        if magic != MAGIC or zlib.crc32(body) != checksum:
            return NOTHING
        index = _decode(body)
        return index if index.layout == LAYOUT and _is_sound(index) else NOTHING
    except (OSError, struct.error, msgspec.MsgspecError, ValueError, RecursionError, MemoryError):
        return NOTHING


def _is_sound(index: Index) -> bool:
    """Whether all of it fits together, so that nothing made of it can fail."""
    total = sum(len(folder.names) for folder in index.folders)
    found = np.zeros(total, bool)
    for stored in index.bundles:
        documents, number = np.frombuffer(stored.documents, "<i4"), len(stored.own)
        if len(documents) != number or len(stored.numbers) != 8 * number * stored.shared.columns:
            return False
        if not number or documents[0] < 0 or documents[-1] >= total or (np.diff(documents) <= 0).any():
            return False
        if found[documents].any():  # no document counts twice
            return False
        found[documents] = True
    return all(len(folder.names) == len(folder.stamps) for folder in index.folders)


def unchanged(index: Index, listed: Sequence[Listed]) -> tuple[list[Bundle], Rows]:
    """What an index says of documents that are as they were when it was written.

    Args:
        index: of `read_index`.
        listed: the documents that there are, numbered 0, 1, ... one folder after the other.

    Returns:
        the records, and the numbers of those documents of which it says nothing.
    """
    first = 0
    folders: dict[str, tuple[int, Known]] = {}
    for folder in index.folders:
        folders[folder.path] = first, folder
        first += len(folder.names)
    places = np.full(first, -1, np.intp)
    place = 0
    for path, names, stamps in listed:
        if path in folders:
            start, folder = folders[path]
            if folder.names == names and folder.stamps == stamps:
                places[start : start + len(names)] = np.arange(place, place + len(names))
            else:
                here = {pair: place + row for row, pair in enumerate(zip(names, stamps, strict=True))}
                pairs = zip(folder.names, folder.stamps, strict=True)
                places[start : start + len(folder.names)] = [here.get(pair, -1) for pair in pairs]
        place += len(names)
    bundles, seen = [], np.zeros(place, bool)
    for stored in index.bundles:
        bundle = _bundle(stored, places)
        seen[bundle.places] = True
        if len(bundle):
            bundles.append(bundle)
    return bundles, np.flatnonzero(~seen)


def _bundle(stored: Stored, places: Rows) -> Bundle:
    """The records of a stored bundle whose documents have a place."""
    numbers = np.frombuffer(stored.numbers, "<f8").reshape(len(stored.own), -1)
    bundle = Bundle(stored.shared, places[np.frombuffer(stored.documents, "<i4")], stored.own, numbers)
    valid = bundle.places >= 0
    return bundle if valid.all() else bundle.take(np.flatnonzero(valid))


def write_index(folder: Path, listed: Sequence[Listed], bundles: Iterable[Bundle]) -> None:
    """Replace the folder's index, if the folder can be written to; documents that have just changed wait.

    Args:
        folder: a results folder.
        listed: its documents, as they were listed before they were read.
        bundles: their records; the places are the numbers of the documents.
    """
    temporary = folder / f".{NAME}.{os.getpid()}.part"
    try:
        temporary.touch()
        now = temporary.stat().st_mtime_ns
        body = msgspec.msgpack.encode(_packed(listed, bundles, now - int(SETTLED * 1e9)))
        temporary.write_bytes(HEADER.pack(MAGIC, zlib.crc32(body)) + body)
        temporary.replace(folder / NAME)
    except OSError:  # a folder that is read-only, a disk that is full: there is no index, and nothing is lost
        temporary.unlink(missing_ok=True)


def _packed(listed: Sequence[Listed], bundles: Iterable[Bundle], before: int) -> Index:
    """The records of those documents that have not changed since a time (ns)."""
    settled = np.array([max(stamp[1:3]) < before for folder in listed for stamp in folder.stamps], bool)
    alike: dict[bytes, list[Bundle]] = defaultdict(list)
    for bundle in bundles:
        rows = np.flatnonzero(settled[bundle.places])
        if len(rows):
            alike[msgspec.json.encode(bundle.shared)].append(bundle.take(rows))
    stored = []
    for parts in alike.values():
        # A stranger's number may be too large for msgpack: those documents are opened each time.
        with suppress(OverflowError):
            stored.append(msgspec.Raw(msgspec.msgpack.encode(_stored(joined(parts)))))
    return Index(LAYOUT, [Known(*folder) for folder in listed], stored)  # type: ignore[arg-type]


def _stored(bundle: Bundle) -> Stored:
    documents, numbers = bundle.places.astype("<i4"), np.ascontiguousarray(bundle.numbers, "<f8")
    return Stored(bundle.shared, memoryview(documents.tobytes()), bundle.own, memoryview(numbers.tobytes()))
