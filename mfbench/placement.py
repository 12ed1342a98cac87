"""Where trials may run: what a plugin offers beside problems and solvers, and what a worker has to be.

Nothing here imports numpy or an engine: entries are light.
"""

from __future__ import annotations

import multiprocessing
import platform
from dataclasses import dataclass

from mfbench.record import PROTOCOL
from mfbench.solver import API, NoParameters


@dataclass(frozen=True, kw_only=True)
class ExecutorEntry:
    """A place for trials on offer: anything shaped like `concurrent.futures.Executor`. Light: imports no engine.

    Args:
        name: lower case, digits and hyphens; what a user types after `--executor`.
        summary: one sentence for `mfbench list`.
        open: "module:function", `open(options, jobs) -> Executor`, imported when it is chosen. `jobs` is what the
            user gave as `--jobs`, or None. It raises OSError where there is nothing to connect to and ValueError for
            what it cannot do; either ends the command before anything is run. The executor may have an attribute
            `jobs`, the number of trials that it runs at the same time; the plan's prediction uses it.
        options: a frozen dataclass, as in `SolverEntry.parameters`: `--executor NAME[key=value,...]`. `--scheduler` is
            short for the option of that name.
        extras: the extras of the distribution that it needs.
        away: its calls run in other processes than the host's. They are given plain data, give plain data back, and
            never raise; an executor that can tell a running call that it was cancelled passes it `stopping=`, a function
            that becomes true. False: threads of this process.
        api: must equal `mfbench.API`.
    """

    name: str
    summary: str
    open: str
    options: type = NoParameters
    extras: tuple[str, ...] = ()
    away: bool = True
    api: int = API


LOCAL = ExecutorEntry(
    name="local",
    summary="This machine, as many trials at a time as --jobs.",
    open="mfbench.executors:here",
    away=False,
)


def identity() -> str:
    """The mfbench of this process: whoever has the same reads the same documents by the same rules."""
    from importlib.metadata import version

    return f"mfbench {version('mfbench')}, protocol {PROTOCOL}"


def unfit(host: str) -> str | None:
    """Why this process cannot run a host's trials, whatever they are; None if it can.

    Args:
        host: `identity()` of the host.
    """
    if identity() != host:
        return (
            f"{platform.node()} has {identity()}, the host {host}; install one version in both environments"
        )
    if multiprocessing.current_process().daemon:
        return (
            f"the worker process on {platform.node()} is daemonic and may not have children; start dask workers with "
            "DASK_DISTRIBUTED__WORKER__DAEMON=False or --no-nanny"
        )
    return None
