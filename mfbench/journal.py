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
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import numpy as np

HEADER = struct.Struct("<4sII")
MAGIC = b"mfbj"


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
    """

    seconds: float
    work: dict[str, int]
    reports: dict[str, float]
    looks: bytes
    finals: bytes = b""
    gradients: bytes = b""


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
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, block: Block) -> None:
        """Write one block by one system call, so that a death leaves at most one torn block."""
        body = _encode(block)
        data = HEADER.pack(MAGIC, len(body), zlib.crc32(body)) + body
        written = os.write(self._file, data)
        if written != len(data):
            raise OSError(f"journal: {written} of {len(data)} bytes written; is the disk full?")

    def close(self) -> None:
        """Give the file back. A child need not: it ends."""
        os.close(self._file)


def read_journal(path: Path, start: int = 0) -> Iterator[tuple[Block, int]]:
    """The sound blocks from byte `start` on, each with the offset behind it.

    Args:
        path: the journal; a missing file is an empty journal.
        start: offset that an earlier reading returned.
    """
    try:
        data = path.read_bytes() if start == 0 else _tail(path, start)
    except FileNotFoundError:
        return
    position = 0
    while position + HEADER.size <= len(data):
        magic, length, checksum = HEADER.unpack_from(data, position)
        body = data[position + HEADER.size : position + HEADER.size + length]
        if magic != MAGIC or len(body) < length or zlib.crc32(body) != checksum:
            return
        try:
            block = _decode(body)
        except msgspec.MsgspecError:
            return
        position += HEADER.size + length
        yield block, start + position


def _tail(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read()


def values(data: bytes, shape: tuple[int, ...] = (-1,)) -> np.ndarray:
    """The float64 array behind the bytes of a block."""
    import numpy as np

    return np.frombuffer(data, dtype="<f8").reshape(shape)
