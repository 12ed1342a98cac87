"""Cores and GPUs as slots: no two trials of this machine share one, whoever started them.

A slot is a lock (`flock`) on a small file in a folder of the machine; the kernel frees it when its
holder dies.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
def slots(kind: str, numbers: list[int], count: int, stopping: Callable[[], bool]) -> Iterator[list[int]]:
    """Hold `count` of the slots `kind`-`numbers`; waits until so many are free at once.

    Raises:
        ValueError: fewer slots than asked for exist at all.
        Interrupted: `stopping()` became true while waiting.
    """
    if count > len(numbers):
        raise ValueError(f"{count} {kind} slots wanted; this process may use {len(numbers)}.")
    while True:
        held = _try(kind, numbers, count)
        if len(held) == count:
            break
        for file in held.values():
            os.close(file)
        if stopping():
            raise Interrupted
        time.sleep(POLL)
    try:
        yield sorted(held)
    finally:
        for file in held.values():
            os.close(file)


def _try(kind: str, numbers: list[int], count: int) -> dict[int, int]:
    held: dict[int, int] = {}
    for number in numbers:
        if len(held) == count:
            break
        file = os.open(folder() / f"{kind}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            held[number] = file
    return held
