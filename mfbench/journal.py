"""What a child has achieved so far, readable after any kind of death.

A journal is a file of blocks. A block is

    magic "mfbj" | length of the body, uint32 | CRC-32 of the body, uint32 | body

(little endian), written by one `write`; the body is msgpack. A block that is cut short, whose
checksum fails or whose body is none of the kinds below ends the reading: everything before it stands.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mfbench.strangers import regular_file

if TYPE_CHECKING:
    import numpy as np

HEADER = struct.Struct("<4sII")
MAGIC = b"mfbj"

MOST_BLOCK = 2**28
"""Bytes of a block; nobody's memory is spent on the promise of a larger one."""

MOST_JOURNAL = 2**30
"""Bytes of a journal that are read."""


class Began(msgspec.Struct, tag=True):
    """The child has its cores and limits: threads as it measures them, and its memory then."""

    threads: int
    start_memory_mb: float


class Seen(msgspec.Struct, tag=True):
    """A checkpoint whose clock reading was taken and whose values were stored.

    Args:
        seconds: clock reading.
        work, reports: of the checkpoint.
        looks: float64 bytes of the values at the judge's looks.
        finals, gradients: float64 bytes, only for the scored checkpoint; empty otherwise.
        milestone: the solver asked for this look.
        differences: the gradients are central differences, the solution offers none.
    """

    seconds: float
    work: dict[str, int]
    reports: dict[str, float]
    looks: bytes
    finals: bytes = b""
    gradients: bytes = b""
    milestone: bool = False
    differences: bool = False


class Setup(msgspec.Struct, tag=True):
    """The first yield was reached and evaluated after so many seconds."""

    seconds: float


class Ended(msgspec.Struct, tag=True):
    """The child ends on purpose.

    Args:
        how: "finished" (the solver ended by itself), "stopped" (at a yield after the budget),
            "diverged", "memory" or "error".
        sentence: what happened, for a person.
        seconds, seconds_evaluate, seconds_cpu, peak_memory_mb: at the end.
    """

    how: str
    sentence: str
    seconds: float
    seconds_evaluate: float
    seconds_cpu: float
    peak_memory_mb: float


Block = Began | Setup | Seen | Ended

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Block).decode


class JournalWriter:
    """Appends blocks to a journal file; the only writer of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._identity = _identity(self._file)

    def append(self, block: Block) -> None:
        """Write one block by one system call, so that a death leaves at most one torn block."""
        if _identity(self._file) != self._identity:  # a solver closes whatever it finds open, and opens more
            self._open()
        body = _encode(block)
        data = HEADER.pack(MAGIC, len(body), zlib.crc32(body)) + body
        written = os.write(self._file, data)
        if written != len(data):
            raise OSError(f"journal: {written} of {len(data)} bytes written; is the disk full?")

    def close(self) -> None:
        """Give the file back. A child need not: it ends."""
        os.close(self._file)


def _identity(file: int) -> tuple[int, int] | None:
    """What file a descriptor stands for; None if it stands for none."""
    try:
        facts = os.fstat(file)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def read_journal(path: Path, start: int = 0) -> Iterator[tuple[Block, int]]:
    """The sound blocks from byte `start` on, each with the offset behind it.

    Args:
        path: the journal; a missing file is an empty journal, and so is what is no file.
        start: offset that an earlier reading returned.
    """
    with suppress(FileNotFoundError, IsADirectoryError, ValueError), regular_file(path) as (file, size):
        file.seek(start)
        position, end = start, min(size, start + MOST_JOURNAL)
        while position + HEADER.size <= end:
            header = file.read(HEADER.size)
            if len(header) < HEADER.size:  # cut short meanwhile
                return
            magic, length, checksum = HEADER.unpack(header)
            behind = position + HEADER.size + length
            if magic != MAGIC or length > MOST_BLOCK or behind > end:
                return
            body = file.read(length)
            if zlib.crc32(body) != checksum:
                return
            try:
                block = _decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return
            position = behind
            yield block, position


def values(data: bytes, shape: tuple[int, ...] = (-1,)) -> np.ndarray:
    """The float64 array behind the bytes of a block."""
    import numpy as np

    return np.frombuffer(data, dtype="<f8").reshape(shape)
