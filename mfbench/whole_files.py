"""Files of a results folder are written whole or not at all: under another name first, which is then taken away."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""How the name of a file ends that is being written; it begins with a dot."""


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file in the target's folder that takes the target's name if all goes well."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=PART)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """A file that a user named: whole or not at all, behind a link, too; what is none, as a pipe, is written as it comes."""
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
    else:
        with replacing(target.resolve()) as file:
            yield file


def write_document(path: Path, document: bytes) -> None:
    """Write another document of a results folder as a record is written: whole, or not at all.

    Raises:
        OSError: read-only folder, full disk.
    """
    with replacing(path) as file:
        file.write(document)
