"""Ending a process with everything that it started, also what has left its group or its parent.

A child adopts its own orphans, and so does the fork server above it (`confinement.adopt_orphans`). So
whatever a trial started is found below its child while that lives, and below the fork server afterwards.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

PAUSE = 0.01
"""Seconds between two rounds of killing strays: each finds what lost its parent in the one before."""

PATIENCE = 3.0
"""Seconds in which what was killed should be gone."""


def kill_group(leader: int) -> None:
    """Kill the group of a process that may itself be gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_tree(pid: int) -> None:
    """Kill a living process, the group that it leads, and everything below it."""
    tree = [process.pid for process in _below(pid, recursive=True)]
    kill_group(pid)
    for number in (pid, *tree):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)


def kill_strays(server: int, running: Collection[int] = ()) -> None:
    """Kill what the fork server has adopted: everything below it but the children of running trials.

    Goes on until nothing is left, not even a zombie: while a thread of it dies, a zombie may have children.
    """
    deadline = time.monotonic() + PATIENCE
    while strays := [process.pid for process in _below(server) if process.pid not in running]:
        for pid in strays:
            kill_tree(pid)
        if server == os.getpid():
            _bury()
        if time.monotonic() > deadline:
            return
        time.sleep(PAUSE)


def _below(pid: int, recursive: bool = False) -> list[psutil.Process]:
    with suppress(psutil.Error):
        found: list[psutil.Process] = psutil.Process(pid).children(recursive)
        return found
    return []


def _bury() -> None:
    """Take leave of own children that are dead."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
