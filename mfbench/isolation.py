"""The child process: started, watched, killed with everything it started.

One fork server for each host process. A child is told its order as bytes, so that nothing is pickled but
the name of a function.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import wait
from typing import Any

import msgspec

from mfbench import child, preload
from mfbench.confinement import THREAD_VARIABLES
from mfbench.descendants import kill_group, kill_strays, kill_tree
from mfbench.order import Order

POLL = 0.1
"""Seconds between two looks whether the host wants to stop."""

LONGEST_FOLDER = 70
"""Bytes of a temporary folder in which the fork server's socket still has a path of less than 108 bytes."""

ALWAYS = (
    "numpy.random",
    "zipfile",
    "threadpoolctl",
    "mfbench.frames",
    "mfbench.tasks.committor_judge",
    "mfbench.tasks.committor",
    "mfbench.tasks.fokker_planck_judge",
    "mfbench.tasks.fokker_planck",
)
"""What the fork server imports whatever is planned: every child would."""

_lock = threading.Lock()
"""Held around every call of multiprocessing: it looks after the children of all threads in each of them."""

_running: set[int] = set()
"""Children of running trials."""

_frameworks: dict[str, None] = {}
"""What the fork server imports beyond that, in the order in which it was asked for."""


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
    """See that the fork server runs; when it starts it imports the frameworks that are going to be used.

    Its environment says one thread for each library until a child knows its cores. It is started again if it was
    killed: by a solver, or for want of memory.
    """
    with _lock:
        _frameworks.update(dict.fromkeys(frameworks))
        if _server_runs():
            return
        changes = dict.fromkeys(THREAD_VARIABLES, "1") | {
            "PYTHONSAFEPATH": "1",
            preload.VARIABLE: ",".join((*ALWAYS, *_frameworks)),
        }
        multiprocessing.get_context("forkserver").set_forkserver_preload([child.__name__, preload.__name__])
        _shorten_socket_path()
        with _environment(changes):
            forkserver.ensure_running()


def _shorten_socket_path() -> None:
    """Give the fork server's socket a folder in /tmp where the temporary folder's own name is too long for it."""
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    too_long = len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER
    if too_long and config.get("tempdir") is None:
        config["tempdir"] = tempfile.mkdtemp(prefix="pymp-", dir="/tmp")
        atexit.register(shutil.rmtree, config["tempdir"], ignore_errors=True)


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
    with _lock, _without_main():
        process.start()
        _running.add(process.pid)
    began = time.monotonic()
    killed = "interrupted"  # stands if this thread is interrupted itself
    try:
        killed = _watch(process, began + order.limit, stopping)
    finally:
        exitcode = _end(process, kill=bool(killed))
    seconds = time.monotonic() - began
    if exitcode != 0 and stopping():
        killed = "interrupted"  # whoever told the host to stop told its child too
    elif exitcode != 0 and seconds > order.limit:
        killed = "limit"  # by its own timer, if this host was suspended
    return Outcome(exitcode, killed, seconds)


def _watch(process: Any, limit: float, stopping: Callable[[], bool]) -> str:
    """Wait until a child ends: "", or until it is to be killed: the reason."""
    while not _has_ended(process):
        if stopping():
            return "interrupted"
        if time.monotonic() > limit:
            return "limit"
    return ""


def _end(process: Any, kill: bool) -> int:
    """Kill a child, or what it left behind, and take leave of it; returns its exit code."""
    if kill:
        kill_tree(process.pid)
        while not _has_ended(process):
            pass
    with _lock:
        _running.discard(process.pid)
        alone = process.exitcode == child.ALONE
        if not alone:
            kill_group(process.pid)
            if _server_runs():
                kill_strays(_server_pid(), _running)
        process.join()
        exitcode: int = process.exitcode
        process.close()
    return 0 if alone else exitcode


def _has_ended(process: Any) -> bool:
    # A spawned child's sentinel is also held by whatever it started, so it is asked itself as well.
    if wait([process.sentinel], POLL):
        return True
    with _lock:
        return not process.is_alive()


def _server_pid() -> int:
    """The fork server's process, 0 if none was started; the standard library has no public name for it."""
    return forkserver._forkserver._forkserver_pid or 0  # type: ignore[attr-defined]


def _server_runs() -> bool:
    # Not reaped here: that is for `ensure_running`, and until then nobody else can have its number.
    pid = _server_pid()
    return pid != 0 and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


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
