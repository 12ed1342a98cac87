"""The fork server that children come from: one for each host process.

It imports once what children would import one by one, and its environment says one thread for each library
until a child knows its cores.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import forkserver
from typing import Any

from mfbench import child, preload
from mfbench.confinement import THREAD_VARIABLES, device_variables

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

HASH_SEED = {"PYTHONHASHSEED": "0"}
"""Of the interpreters in which trials run: a set of texts has the same order in all of them."""
NAP = 1.0
"""Seconds that a fork server can be kept stopped."""

lock = threading.Lock()
"""Held around every call of multiprocessing: it looks after the children of all threads in each of them."""

_frameworks: dict[str, None] = {}
"""What the fork server imports beyond that, in the order in which it was asked for."""


def start(frameworks: Iterable[str] = ()) -> None:
    """See that the fork server runs; when it starts it imports the frameworks that are going to be used.

    It is started again if it was killed: by a solver, or for want of memory.
    """
    with lock:
        _frameworks.update(dict.fromkeys(frameworks))
        if runs():
            return
        changes = {
            **dict.fromkeys(THREAD_VARIABLES, "1"),
            **device_variables(None),  # what runs on a GPU is spawned
            "PYTHONSAFEPATH": "1",
            **HASH_SEED,
            preload.VARIABLE: ",".join((*ALWAYS, *_frameworks)),
        }
        multiprocessing.get_context("forkserver").set_forkserver_preload([child.__name__, preload.__name__])
        _shorten_socket_path()
        with environment(changes):
            forkserver.ensure_running()
        _start_guard()


@cache
def _start_guard() -> None:
    """A thread of the host, since the one that waits cannot do it; there is one, whatever becomes of fork servers."""
    threading.Thread(target=_keep_awake, name="fork-server-guard", daemon=True).start()


def _keep_awake() -> None:
    """Let the fork server go on when it was stopped: the host waits for its answers, and would wait for ever."""
    while True:
        time.sleep(NAP)
        with suppress(ChildProcessError, ProcessLookupError):
            stopped = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
            if pid() and os.waitid(os.P_PID, pid(), stopped) is not None:
                os.kill(pid(), signal.SIGCONT)


def pid() -> int:
    """Its process, 0 if none was started; the standard library has no public name for it."""
    return forkserver._forkserver._forkserver_pid or 0  # type: ignore[attr-defined]


def runs() -> bool:
    """Whether it was started and is alive."""
    # Not reaped here: that is for `ensure_running`, and until then nobody else can have its number.
    return pid() != 0 and os.waitid(os.P_PID, pid(), os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _shorten_socket_path() -> None:
    """Give the fork server's socket a folder in /tmp where the temporary folder's own name is too long for it."""
    config: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    too_long = len(os.fsencode(tempfile.gettempdir())) > LONGEST_FOLDER
    if too_long and config.get("tempdir") is None:
        config["tempdir"] = tempfile.mkdtemp(prefix="pymp-", dir="/tmp")
        atexit.register(shutil.rmtree, config["tempdir"], ignore_errors=True)


@contextmanager
def environment(changes: dict[str, str]) -> Iterator[None]:
    """While this lasts, processes that are started find these variables; to be held under `lock`."""
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
