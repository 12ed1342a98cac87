"""Carrying out a plan: what is missing is run, every trial leaves a record in the store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mfbench import fork_server, isolation
from mfbench.away import Away
from mfbench.plan import Plan
from mfbench.record import Record, Spec, Status
from mfbench.store import UNREADABLE, Store
from mfbench.trial import Progress, Result, blank, now, run_trial


class Observer(Protocol):
    """Whoever watches a session. Called from the threads that run trials and from the main one."""

    def started(self, progress: Progress) -> None:
        """A trial's child is about to start."""

    def finished(self, record: Record) -> None:
        """A trial has its record, and the record is in the store."""


@dataclass
class Todo:
    """A plan split into what there is and what is to be run.

    Args:
        kept: records that stay, also of trials that are unsupported here and that an earlier run, or another machine, has
            finished.
        specs: trials to run.
        broken: records of trials to run that are there and cannot be read, with the reason.
        standing: key -> the record that a trial to run may replace.
    """

    kept: list[Record] = field(default_factory=list)
    specs: list[Spec] = field(default_factory=list)
    broken: list[tuple[Path, str]] = field(default_factory=list)
    standing: dict[str, Record] = field(default_factory=dict)


def split(plan: Plan, store: Store, retry_failed: bool = False, rerun: bool = False) -> Todo:
    """What of a plan the store already has.

    Args:
        plan: the trials.
        store: the results folder.
        retry_failed: run trials again that are final but not ok.
        rerun: run all of them again.
    """
    todo = Todo()
    for spec in plan.specs:
        try:
            record = store.fetch(spec.cell, spec.key)
        except FileNotFoundError:
            todo.specs.append(spec)
            continue
        except UNREADABLE as error:
            todo.broken.append((store.path(spec.cell, spec.key), str(error)))
            todo.specs.append(spec)
            continue
        again = rerun or (retry_failed and record.status is not Status.OK)
        if again or not record.status.final:
            todo.standing[spec.key] = record
            todo.specs.append(spec)
        else:
            todo.kept.append(record)
    for spec, _ in plan.unsupported:
        earlier = store.read(spec.cell, spec.key)
        if earlier is not None and earlier.status.final:  # another machine has what this one lacks
            todo.kept.append(earlier)
    return todo


def run(
    plan: Plan,
    todo: Todo,
    store: Store,
    executor: Executor,
    observer: Observer,
    stopping: Callable[[], bool],
) -> list[Record]:
    """Run what is to be run; returns the records of the whole plan, also of the unsupported.

    Args:
        plan, todo: what to do; `todo` comes from `split`.
        store: where records go, each as soon as it is there.
        executor: where trials run.
        observer: is told of starts and ends.
        stopping: once true, running trials are interrupted and the rest is left for the next time.
    """
    records = list(todo.kept)
    kept = {record.key for record in records}
    for spec, reason in plan.unsupported:
        if spec.key not in kept:
            records.append(store.keep(blank(spec, now(), Status.UNSUPPORTED, reason)))
    if todo.specs and not isinstance(executor, Away):  # children are other machines' business
        fork_server.start(plan.frameworks)
    failed = threading.Event()

    def stop() -> bool:
        return stopping() or failed.is_set()

    with isolation.expecting_more(), executor:
        futures = {executor.submit(run_trial, spec, stop, observer.started): spec for spec in todo.specs}
        try:
            for future in as_completed(futures):
                result = _result(future, futures[future])
                record = store.keep(result.record, result.arrays, todo.standing.get(futures[future].key))
                records.append(record)
                observer.finished(record)
        except BaseException:
            failed.set()  # a full disk: what could not be kept need not be run
            raise
    return records


def _result(future: Future[Result], spec: Spec) -> Result:
    try:
        return future.result()
    except Exception as error:  # `run_trial` raises nothing, but an executor may lose a worker
        sentence = f"lost by its executor: {type(error).__name__}: {error}"
        return Result(blank(spec, now(), Status.CRASHED, sentence))


def exit_code(records: list[Record]) -> int:
    """0: nothing alarming; 1: something crashed, raised or ran out of memory; 130: interrupted."""
    if any(record.status is Status.INTERRUPTED for record in records):
        return 130
    return int(any(record.status.alarming for record in records))
