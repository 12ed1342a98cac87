"""Room on the disk: what a trial needs is set aside before it starts, since another one may fill the disk meanwhile."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mfbench.clock import most_looks

if TYPE_CHECKING:
    from mfbench.tasks.judging import Inquiry

WORDS_ROOM = 4096
"""Bytes of a journal's block beside its values."""

STDERR_ROOM = 2**16
"""Bytes of standard error that a full disk does not cost."""

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
"""fallocate modes: leave a file's size as it is; give room back (Linux, <linux/falloc.h>)."""

UNKNOWN_THERE = (errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says that knows neither, some of those over a network: there room is taken as it comes."""


def set_aside(journal: Path, stderr: Path, inquiry: Inquiry, budget: float) -> None:
    """Make both files of a trial, with room for the longest journal and for some last words.

    Raises:
        OSError: the disk has no such room left.
    """
    looks = most_looks(budget) * (8 * len(inquiry.looks) + WORDS_ROOM)
    scored = 8 * (len(inquiry.finals) + inquiry.gradients.size) + WORDS_ROOM
    reserve(journal, looks + scored)
    reserve(stderr, STDERR_ROOM)


def reserve(path: Path, size: int) -> None:
    """Make a file, if there is none, and set so many bytes aside for it; it stays as long as it is.

    Raises:
        OSError: the disk has no such room left.
    """
    _allocate(path, os.O_CREAT, FALLOC_FL_KEEP_SIZE, size)


def give_back(path: Path, size: int) -> None:
    """Forget the first bytes of a file, which then read as zeros; its size, and whoever writes to it, notice nothing.

    Raises:
        OSError: the file is gone.
    """
    _allocate(path, os.O_NOFOLLOW | os.O_NONBLOCK, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, size)


def _allocate(path: Path, flags: int, mode: int, size: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o600)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.fallocate(file, mode, ctypes.c_int64(0), ctypes.c_int64(size)) != 0:
            number = ctypes.get_errno()
            if number not in UNKNOWN_THERE:
                raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(file)
