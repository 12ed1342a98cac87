"""Cores and GPUs as slots: no two trials of this machine share one, whoever started them.

A slot is a lock (`flock`) on a small file in a folder of the machine; the kernel frees it when its
holder dies.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T", int, str)

POLL = 0.02
"""Seconds between two tries to get the slots."""


class Interrupted(Exception):
    """The wait for slots was given up because the host is stopping."""


def folder() -> Path:
    """The per-machine, per-user folder of the lock files (`MFBENCH_SLOTS` moves it)."""
    default = Path(tempfile.gettempdir()) / f"mfbench-slots-{os.getuid()}"
    path = Path(os.environ.get("MFBENCH_SLOTS", default))
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextmanager
def slots(kind: str, names: Sequence[T], count: int, stopping: Callable[[], bool]) -> Iterator[list[T]]:
    """Hold `count` of the slots `kind`-`names`; waits until so many are free at once.

    Raises:
        ValueError: fewer slots than asked for exist at all.
        Interrupted: `stopping()` became true while waiting.
    """
    if count > len(names):
        raise ValueError(f"{count} {kind} slots wanted; this process may use {len(names)}.")
    while True:
        with ExitStack() as locks:
            held: list[T] = []
            for name in names:
                if len(held) < count and (file := _locked(f"{kind}-{name}")) is not None:
                    locks.callback(os.close, file)
                    held.append(name)
            if len(held) == count:
                yield held
                return
        if stopping():
            raise Interrupted
        time.sleep(POLL)


def _locked(name: str) -> int | None:
    """A descriptor that holds the lock of this name; None while another holds it."""
    file = os.open(folder() / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return file
