"""Ending a process with everything that it started, also what has left its group or its parent.

A child adopts its own orphans, and so does the fork server above it (`confinement.adopt_orphans`). So
whatever a trial started is found below its child while that lives, and below the fork server afterwards.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from contextlib import suppress

import psutil

TRIES = 10
"""Rounds of killing strays: each finds what was started during the one before."""


def below(pid: int, recursive: bool = True) -> list[psutil.Process]:
    """The living processes below a process."""
    found: list[psutil.Process] = []
    with suppress(psutil.Error):
        found = psutil.Process(pid).children(recursive)
    return [process for process in found if _alive(process)]


def kill_group(leader: int) -> None:
    """Kill the group of a process that may itself be gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_tree(pid: int) -> None:
    """Kill a living process, the group that it leads, and everything below it."""
    tree = [process.pid for process in below(pid)]
    kill_group(pid)
    for number in (pid, *tree):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)


def kill_strays(server: int, running: Collection[int] = ()) -> None:
    """Kill what the fork server has adopted: everything below it but the children of running trials."""
    for _ in range(TRIES):
        strays = [process for process in below(server, recursive=False) if process.pid not in running]
        if not strays:
            return
        for process in strays:
            kill_tree(process.pid)
        psutil.wait_procs(strays, timeout=1.0)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
