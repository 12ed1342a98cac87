"""The child process: started, watched, killed with everything it started.

One fork server for each host process. A child is told its order as bytes, so that nothing is pickled but
the name of a function.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from typing import Any

import msgspec
import psutil

from mfbench import child, preload
from mfbench.confinement import THREAD_VARIABLES
from mfbench.order import Order

POLL = 0.1
"""Seconds between two looks whether the host wants to stop."""

ALWAYS = ("numpy.random", "threadpoolctl", "mfbench.frames")
"""What the fork server imports whatever is planned: every child would."""

_lock = threading.Lock()
_started = False


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Args:
        exitcode: of the process; negative for a signal.
        killed: "limit" or "interrupted" when the host killed it, else "".
        seconds: wall seconds from start to end.
    """

    exitcode: int
    killed: str
    seconds: float


def start_server(frameworks: Iterable[str] = ()) -> None:
    """Start the fork server, once; it imports the frameworks that are going to be used.

    Its environment says one thread for each library until a child knows its cores.
    """
    global _started
    with _lock:
        if _started:
            return
        changes = dict.fromkeys(THREAD_VARIABLES, "1") | {
            "PYTHONSAFEPATH": "1",
            preload.VARIABLE: ",".join((*ALWAYS, *frameworks)),
        }
        multiprocessing.get_context("forkserver").set_forkserver_preload([child.__name__, preload.__name__])
        with _environment(changes):
            forkserver.ensure_running()
        _started = True


def run_child(order: Order, stopping: Callable[[], bool]) -> Outcome:
    """Run an order in a child to its end, its limit or the host's stop.

    Args:
        order: what to do.
        stopping: becomes true when the host wants to stop.
    """
    if multiprocessing.current_process().daemon:
        raise RuntimeError(
            "this worker process is daemonic and may not have children; start dask workers with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False or --no-nanny."
        )
    start_server()
    method = "forkserver" if order.gpu is None else "spawn"  # CUDA does not survive a fork
    context: Any = multiprocessing.get_context(method)
    process = context.Process(target=child.main, args=(msgspec.json.encode(order),), daemon=False)
    began = time.monotonic()
    with _lock, _without_main():
        process.start()
    killed = ""
    try:
        while not wait([process.sentinel], POLL):
            if stopping():
                killed = "interrupted"
            elif time.monotonic() - began > order.limit:
                killed = "limit"
            if killed:
                break
        else:
            kill_group(process.pid)  # what it left behind
    finally:
        if killed or sys.exc_info()[0] is not None:
            kill_tree(process.pid)
    process.join()
    exitcode = process.exitcode
    process.close()
    return Outcome(exitcode if exitcode is not None else 1, killed, time.monotonic() - began)


def kill_group(pid: int | None) -> None:
    """Kill every process in the group that a child led."""
    if pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def kill_tree(pid: int | None) -> None:
    """Kill a living child, its process group and every descendant that is still to be found."""
    if pid is None:
        return
    descendants: list[psutil.Process] = []
    with suppress(psutil.Error):
        descendants = psutil.Process(pid).children(recursive=True)
    kill_group(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    for process in descendants:
        with suppress(psutil.Error):
            process.kill()


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep multiprocessing from importing the host's main script again in every child.

    Children need `mfbench.child` only; running the main script anew costs tens of milliseconds and
    executes what a user's script forgot to guard.
    """
    main = sys.modules["__main__"]
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    main.__spec__ = None
    main.__file__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        main.__file__ = file
