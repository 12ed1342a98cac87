"""The end of what a child writes to standard error: a record keeps that, and no disk has to hold the rest.

Tracebacks and warnings name files by where they lie. Where Python finds its modules is the machine's own matter: a record is
published, and names a file from there on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
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
    """The last words, without the folders of Python's modules."""
    try:
        with regular_file(path, follow=False) as (file, size):
            file.seek(max(0, size - KEPT))
            said = file.read(KEPT).decode(errors="replace")
    except (OSError, ValueError):  # removed, or made something else, such as a link to another file
        return ""
    return without_folders(said, [*sys.path, sys.prefix, sys.base_prefix, str(Path(__file__).parents[1])])


def without_folders(text: str, folders: Iterable[str]) -> str:
    """The text with names of files that lie in these folders, absolute ones, as they are from there on."""
    known = {folder.rstrip(os.sep) + os.sep for folder in folders if Path(folder).is_absolute()}
    for folder in sorted(known - {os.sep}, key=len, reverse=True):  # what lies within another one first
        text = text.replace(folder, "")
    return text
