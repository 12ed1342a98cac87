"""The end of what a child writes to standard error: a record keeps that, and no disk has to hold the rest."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mfbench.room import give_back
from mfbench.strangers import regular_file

KEPT = 2000
"""Bytes that are kept."""

MOST = 2**24
"""Bytes that the file may hold between two looks of its host."""


def trim(path: Path) -> None:
    """Give back the room of all but the end of a file that has become too long."""
    with suppress(OSError):  # a solver may have removed it
        facts = path.lstat()
        if 512 * facts.st_blocks > MOST:
            give_back(path, facts.st_size - KEPT)


def tail(path: Path) -> str:
    """The last words."""
    try:
        with regular_file(path, follow=False) as (file, size):
            file.seek(max(0, size - KEPT))
            return file.read(KEPT).decode(errors="replace")
    except (OSError, ValueError):  # removed, or made something else, such as a link to another file
        return ""
