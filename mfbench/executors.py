"""Where trials run: anything shaped like `concurrent.futures.Executor`.

Threads here: each only waits for a child, so they cost nothing and share the host's judges. Elsewhere by
what plugins offer.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mfbench import availability
from mfbench.away import Away
from mfbench.names import parse_selector, unknown
from mfbench.parameters import make_parameters
from mfbench.placement import ExecutorEntry
from mfbench.registry import Registry, resolve
from mfbench.request import BadRequest, Request
from mfbench.solver import NoParameters


def local(jobs: int) -> Executor:
    """Run so many trials at the same time on this machine."""
    return ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="mfbench-trial")


def here(options: NoParameters, jobs: int | None) -> Executor:
    """What the entry `local` opens; a plan always knows its jobs."""
    del options
    return local(jobs or 1)


@dataclass(frozen=True)
class Place:
    """A chosen executor, not yet opened.

    Args:
        entry: what the plugin offers.
        options: an instance of its options.
        jobs: as the user gave it, or None.
    """

    entry: ExecutorEntry
    options: Any
    jobs: int | None

    def open(self, jobs: int) -> Executor:
        """Connect.

        Args:
            jobs: trials at the same time on this machine, if that is where they run.

        Raises:
            BadRequest: it cannot be had; the text says why.
        """
        if not self.entry.away:
            return _opened(self.entry, self.options, jobs)
        return Away(_opened(self.entry, self.options, self.jobs))


def choose(request: Request, registry: Registry) -> Place:
    """The executor that a request names, with its options; it is opened later.

    Raises:
        NameProblem, ParameterError, BadRequest: there is none of that name, it has no such option, it is not installed.
    """
    with request.naming("executor"):
        selector = parse_selector(request.executor)
        entry = registry.executors.get(selector.glob)
        if entry is None:
            raise unknown("executor", selector.glob, registry.executors)
        given = dict(selector.parameters)
        options = make_parameters(entry.options, given, f"executor {entry.name}")
    if request.scheduler is not None:
        with request.naming("scheduler"):
            given["scheduler"] = request.scheduler
            options = make_parameters(entry.options, given, f"executor {entry.name}")
    reason = availability.missing(entry, registry.origins[entry.name])
    if reason is not None:
        raise BadRequest(f"executor {entry.name}: {reason}")
    return Place(entry, options, request.jobs)


def _opened(entry: ExecutorEntry, options: Any, jobs: int | None) -> Executor:
    try:
        executor: Executor = resolve(entry.open)(options, jobs)
    except Exception as error:  # whatever an engine raises where it cannot connect
        raise BadRequest(f"executor {entry.name}: {error}") from error
    return executor
