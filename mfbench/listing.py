"""What lies in a results folder, without opening any of it: names and stamps of its documents."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

Stamp = tuple[int, int, int, int]
"""Size, times of change of contents and of status (ns), inode. The status time cannot be set by hand."""


class Listed(NamedTuple):
    """The documents that lie in one folder: its path below the results folder, their names in order, their stamps."""

    path: str
    names: list[str]
    stamps: list[Stamp]


def listing(folder: Path, below: str, suffix: str = ".json") -> Iterator[Listed]:
    """The documents below a part of a results folder, and each one's stamp.

    A folder comes before those in it, these in the order of names; links to folders are not followed. How deep a stranger
    has nested them does not matter.
    """
    ahead = [below]
    while ahead:
        path = ahead.pop()
        try:
            # By its number, since the system then walks the path to a folder once and not for every document in it.
            number = os.open(folder / path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:  # none yet, gone meanwhile, or its path is longer than the system takes
            continue
        try:
            inner, names, stamps = _look(number, suffix)
        finally:
            os.close(number)
        if names:
            yield Listed(path, names, stamps)
        ahead += [f"{path}/{name}" for name in reversed(inner)]


def _look(number: int, suffix: str) -> tuple[list[str], list[str], list[Stamp]]:
    """The folders in an open folder; its documents and their stamps."""
    inner: list[str] = []
    names: list[str] = []
    stamps: list[Stamp] = []
    with os.scandir(number) as found:
        for entry in sorted(found, key=attrgetter("name")):
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                inner.append(name)
            elif name.endswith(suffix):
                try:
                    facts = entry.stat()
                except OSError:
                    continue
                names.append(name)
                stamps.append((facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino))
    return inner, names, stamps


def scan(folder: Path, below: str, suffix: str = ".json") -> Iterator[str]:
    """Path relative to the results folder of every document below a part of it, in the same order."""
    for listed in listing(folder, below, suffix):
        for name in listed.names:
            yield f"{listed.path}/{name}"
