"""Calls on dask workers: sent through the client's own executor, ended where their task is cancelled.

A task is cancelled when the host gives it up and when the scheduler misses the host; the worker's own state says so,
and dask leaves the running thread alone. A task whose worker is lost is run again on another one by the scheduler, as
often as its `allowed-failures` says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import dask
from distributed import Client, Status, get_worker

from mfbench.placement import identity, unfit

from .entry import DaskOptions

EXAMPLE = "--executor 'dask[scheduler=tcp://host:8786]'"


def connect(options: DaskOptions, jobs: int | None) -> Executor:
    """The executor of a scheduler.

    Raises:
        ValueError: no address, or a number of jobs.
        ConnectionError: nobody answers there, or a worker is there that cannot run trials of this host.
    """
    if jobs is not None:
        raise ValueError(f"jobs: got {jobs}; the threads of its workers say how many trials run at a time.")
    address = options.scheduler or dask.config.get("scheduler-address", None)
    if not address:
        raise ValueError(f"scheduler: none given; expected an address, as in {EXAMPLE}.")
    try:
        client = Client(address, timeout=options.timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ConnectionError(
            f"no scheduler answers at {address!r} ({reason}); start one with `dask scheduler`, or mend {EXAMPLE}."
        ) from error
    for worker, reason in client.run(unfit, identity(), on_error="return").items():
        if reason is not None:
            client.close()
            words = f"{type(reason).__name__}: {reason}" if isinstance(reason, Exception) else reason
            raise ConnectionError(f"its worker {worker} cannot run trials: {words}.")
    return Workers(client)


class Workers(Executor):
    """The workers that a client's scheduler has and will have."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._calls = client.get_executor(pure=False)  # the same trial twice is two trials
        self.jobs = sum(client.nthreads().values())
        if not self.jobs:
            print(
                f"{client.scheduler.address} has no worker yet; trials wait for the first.", file=sys.stderr
            )

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Have a call made on a worker, which is told when it is cancelled."""
        return self._calls.submit(until_cancelled, function, *arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for the calls, or cancel them, and leave the scheduler."""
        self._calls.shutdown(wait and not cancel_futures)
        self._client.close()


def until_cancelled(function: Callable[..., Any], *arguments: Any) -> Any:
    """Make a call in a worker's thread; it can ask whether its task is still wanted."""
    worker = get_worker()
    key = worker.get_current_task()

    def stopping() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled" or worker.status in (Status.closing, Status.closed)

    return function(*arguments, stopping=stopping)
