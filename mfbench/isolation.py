"""The child process: started, watched, killed with everything it started.

A child is told its order as bytes through a pipe, so that nothing is pickled but the name of a function, and so
that it can be there before its order is: where many trials follow each other, the child of a next one is forked
while a trial runs, and waits. A child that has come to its end says so through the same pipe; the next trial need not
wait until the system has taken it apart.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import msgspec

from mfbench import child, fork_server, last_words
from mfbench.confinement import STDERR
from mfbench.descendants import PATIENCE, kill_group, kill_strays, kill_tree
from mfbench.order import Order

POLL = 0.1
"""Seconds between two looks whether the host wants to stop."""

START = 0.04
"""Seconds in which a trial starts undisturbed before the child of a next one is forked."""

LOST = 255
"""Exit code that multiprocessing gives a child whose fork server cannot tell it."""

_running: set[int] = set()
"""Children of running trials."""

_spares: list[Handle] = []
"""Children without an order."""

_expecting: list[None] = []
"""One item for everybody who expects further trials (see `expecting_more`)."""

_leaving: list[tuple[Handle, float]] = []
"""Children that said that they end, and when they are to be gone."""


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Args:
        exitcode: of the process; negative for a signal.
        killed: "limit" or "interrupted" when the host killed it, "server" when its fork server was lost and it with
            that, else "".
        seconds: wall seconds from its order to its end.
        stderr: the last lines that it wrote to standard error.
    """

    exitcode: int
    killed: str
    seconds: float
    stderr: str = ""


@dataclass
class Handle:
    """A child as its host holds it.

    Args:
        process: of multiprocessing.
        pipe: its order goes down, its farewell comes up.
        server: process number of the fork server that started it and tells of its end; 0 for a spawned child.
        left: it said farewell: it came to its end, and leaves no process behind.
    """

    process: Any
    pipe: Connection
    server: int = 0
    left: bool = False

    def is_lost(self) -> bool:
        """Whether its fork server is gone: it may go on, but nobody tells of it."""
        return bool(self.server) and (self.server != fork_server.pid() or not fork_server.runs())

    def has_ended(self, seconds: float) -> bool:
        """Whether it has ended, or said that it does, within so many seconds."""
        waiting = [self.process.sentinel] if self.pipe.closed else [self.process.sentinel, self.pipe]
        ready = wait(waiting, seconds)
        if self.pipe in ready:
            self._listen()
        return self.left or self.process.sentinel in ready or self._is_dead()

    def is_gone(self, seconds: float) -> bool:
        """Whether the process has ended, whatever it said, within so many seconds."""
        return bool(wait([self.process.sentinel], seconds)) or self._is_dead()

    def _is_dead(self) -> bool:
        # A spawned child's sentinel is also held by whatever it started, so it is asked itself as well.
        with fork_server.lock:
            return not self.process.is_alive()

    def _listen(self) -> None:
        try:
            self.left = self.pipe.recv_bytes(len(child.FAREWELL)) == child.FAREWELL
        except (EOFError, OSError):  # it died, or a solver closes whatever it finds open
            self.pipe.close()


@contextmanager
def expecting_more() -> Iterator[None]:
    """While this lasts, there is a waiting child for every running trial: another one may follow it."""
    _expecting.append(None)
    try:
        yield
    finally:
        with fork_server.lock:
            _expecting.pop()
            while _spares and not _expecting:
                _dismiss(_spares.pop())


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
    fork_server.start()
    forked = order.gpu is None  # CUDA does not survive a fork
    with fork_server.lock:
        handle = _entrusted(msgspec.json.encode(order), forked)
    began = time.monotonic()
    killed = "interrupted"  # stands if this thread is interrupted itself
    words = Path(order.folder) / STDERR

    def look() -> bool:
        last_words.trim(words)
        return stopping()

    try:
        if forked and not handle.has_ended(min(START, order.limit)):
            _provide()
        killed = _watch(handle, began + order.limit, look)
    finally:
        exitcode = _end(handle, kill=bool(killed))
    seconds = time.monotonic() - began
    if exitcode != 0 and stopping():
        killed = "interrupted"  # whoever told the host to stop told its child too
    elif exitcode != 0 and seconds > order.limit:
        killed = "limit"  # by its own timer, if this host was suspended
    elif exitcode == LOST and handle.is_lost():
        killed = "server"
    return Outcome(exitcode, killed, seconds, last_words.tail(words))


def _entrusted(order: bytes, forked: bool) -> Handle:
    """A child that has been given an order."""
    while True:
        handle = _spares.pop() if forked and _spares else _start("forkserver" if forked else "spawn")
        if handle.is_lost():  # while it waited
            _dismiss(handle)
            continue
        try:
            handle.pipe.send_bytes(order)
        except OSError:  # it was killed while it waited
            _dismiss(handle)
            continue
        _running.add(handle.process.pid)
        return handle


def _start(method: str) -> Handle:
    context: Any = multiprocessing.get_context(method)
    pipe, theirs = context.Pipe()
    process = context.Process(target=child.main, args=(theirs,), daemon=False)
    with _without_main(), fork_server.environment(fork_server.HASH_SEED):
        process.start()
    theirs.close()
    return Handle(process, pipe, fork_server.pid() if method == "forkserver" else 0)


def _provide() -> None:
    """Fork a child for a next trial, unless there are enough."""
    with fork_server.lock:
        if _expecting and len(_spares) < len(_running) and fork_server.runs():
            _spares.append(_start("forkserver"))


def _dismiss(handle: Handle) -> None:
    """Take leave of a child that gets no order."""
    handle.pipe.close()
    kill_group(handle.process.pid)
    handle.process.join()
    handle.process.close()


def _watch(handle: Handle, limit: float, stopping: Callable[[], bool]) -> str:
    """Wait until a child ends: "", or until it is to be killed: the reason."""
    while not handle.has_ended(POLL):
        with fork_server.lock:  # whoever only said farewell is not to go on beside this one
            _bury()
        if stopping():
            return "interrupted"
        if time.monotonic() > limit:
            return "limit"
    return ""


def _end(handle: Handle, kill: bool) -> int:
    """Kill a child, or what it left behind, and take leave of it; returns its exit code."""
    process = handle.process
    if kill:
        kill_tree(process.pid)
        while not handle.is_gone(POLL):
            pass
    with fork_server.lock:
        _running.discard(process.pid)
        _bury()
        handle.pipe.close()
        if handle.left and not kill:
            _leaving.append((handle, time.monotonic() + PATIENCE))
            return 0
        kill_group(process.pid)
        if fork_server.runs():
            ours = (*_spares, *(handle for handle, _ in _leaving))
            kill_strays(fork_server.pid(), _running | {handle.process.pid for handle in ours})
        process.join()
        exitcode: int = process.exitcode
        process.close()
    return exitcode


def _bury() -> None:
    """Take leave of those that have left, and kill those that only said so."""
    for entry in list(_leaving):
        handle, deadline = entry
        if not handle.process.is_alive():
            handle.process.close()
            _leaving.remove(entry)
        elif time.monotonic() > deadline:
            kill_tree(handle.process.pid)


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
