"""Files from strangers are data: bounded before they are read, and never able to run or to wait for anything.

Records, their values, journals, specs and suites all come through here. What is no regular file (a pipe, a device)
would block or never end; what is larger than its kind ever is, or says that it unpacks to more, is refused unread.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import numpy as np

MOST_VALUES = 2**28
"""Bytes of the values beside a record, packed or not; a set of 20,000 points in 144 dimensions has 23 million."""

MOST_DIRECTORY = 2**14
"""Bytes of an archive's table of contents: a hundred names."""

END_OF_ARCHIVE = b"PK\x05\x06"
LARGE_ARCHIVE = b"PK\x06\x07"
"""Signatures at the end of a zip archive: of its last 22 bytes, and of 20 more before them if it counts in 64 bits."""

REAL = "fiub"
"""Kinds of numpy's types that hold one real number each."""


FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK a pipe would wait for a writer."""


@contextmanager
def regular_file(path: Path, most: int | None = None, follow: bool = True) -> Iterator[tuple[BinaryIO, int]]:
    """A file to read and its size in bytes.

    Args:
        path: where it lies.
        most: bytes that it may have.
        follow: it may be a link to a file elsewhere.

    Raises:
        OSError: it cannot be opened; ValueError: it is no regular file, or larger than `most` bytes.
    """
    flags = FLAGS if follow else FLAGS | os.O_NOFOLLOW
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        yield file, _checked_size(file.fileno(), most)


def _checked_size(number: int, most: int | None) -> int:
    """The size of an open file that is a regular one and not too large."""
    facts = os.fstat(number)
    if not stat.S_ISREG(facts.st_mode):
        raise ValueError("it is no regular file.")
    if most is not None and facts.st_size > most:
        raise ValueError(f"it has {facts.st_size} bytes; expected at most {most}.")
    return facts.st_size


def read_file(path: str | Path, most: int) -> bytes:
    """All bytes of a regular file of at most `most` bytes.

    Raises:
        OSError, ValueError: see `regular_file`.
    """
    # By the system's calls alone: of the time that a record takes to be read, Python's files had as much again.
    number = os.open(path, FLAGS)
    try:
        size = _checked_size(number, most)
        data = os.read(number, size)  # no more, should it grow meanwhile
        while len(data) < size and (more := os.read(number, size - len(data))):
            data += more
        return data
    finally:
        os.close(number)


def read_arrays(path: Path, most: int = MOST_VALUES) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, real numbers all of them.

    Raises:
        OSError: it cannot be opened; ValueError: no such archive, or one that holds or unpacks to more than `most`
            bytes, or that holds pickled objects.
    """
    import numpy as np

    try:
        with regular_file(path, most) as (file, size):
            _check_archive(file, size, most)
            with np.load(file, allow_pickle=False) as data:
                arrays = {name: data[name] for name in data.files}
        for name, array in arrays.items():
            if array.dtype.kind not in REAL:
                raise ValueError(f"{name} has type {array.dtype}; expected real numbers.")
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib and numpy have a dozen ways to say that bytes make no sense
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    return arrays


def _check_archive(file: BinaryIO, size: int, most: int) -> None:
    """Refuse what would cost more than it should, before anything is unpacked."""
    file.seek(max(0, size - 42))
    end = file.read(42)
    if end[-22:-18] != END_OF_ARCHIVE:
        raise ValueError("it does not end as an archive of arrays does.")
    directory = int.from_bytes(end[-10:-6], "little")
    if end[:4] == LARGE_ARCHIVE or directory > MOST_DIRECTORY:
        raise ValueError(f"its table of contents is longer than {MOST_DIRECTORY} bytes.")
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > most:
        raise ValueError(f"it unpacks to {unpacked} bytes; expected at most {most}.")
    # The other methods unpack a block of any size at once.
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise ValueError("it is packed by another method than numpy's.")
    file.seek(0)
