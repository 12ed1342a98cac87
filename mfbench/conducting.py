"""Carrying out a plan in front of a user: what is missing is run, watched, and stopped in good order."""

from __future__ import annotations

from concurrent.futures import Executor

import click
from rich.console import Console

from mfbench import executors, session
from mfbench.executors import Place
from mfbench.labels import one_line
from mfbench.plan import Plan
from mfbench.progress import observer
from mfbench.record import Record
from mfbench.registry import Registry
from mfbench.rejudging import judge_and_keep
from mfbench.session import Todo
from mfbench.stopping import stop_on_signal
from mfbench.store import Store
from mfbench.views import plan_text


def prepare(
    plan: Plan, todo: Todo, registry: Registry, place: Place, store: Store, aside: bool = False
) -> Executor:
    """Open the place and the folder, judge anew what is kept, show the plan.

    Args:
        plan, todo: what to do; `todo` comes from `session.split`.
        registry: of problems, for records whose judge has changed.
        place: where trials run.
        store: where records go.
        aside: the plan goes to standard error.

    Raises:
        BadRequest, OSError: the place cannot be had, or the folder not written to; nothing was run.
    """
    store.check_writable()
    executor = place.open(plan.jobs) if todo.specs else executors.local(plan.jobs)
    retrial = judge_and_keep(todo.kept, store, registry)
    plan.jobs = getattr(executor, "jobs", None) or plan.jobs
    click.echo(plan_text(plan, todo, registry), nl=False, err=aside)
    todo.kept = retrial.records
    for sentence in retrial.sentences():
        click.echo(one_line(sentence), err=True)
    return executor


def conduct(plan: Plan, todo: Todo, store: Store, executor: Executor, aside: bool = False) -> list[Record]:
    """Run what is to be run, watched; returns the records of the whole plan.

    Args:
        plan, todo, store: as in `prepare`.
        executor: what that gave.
        aside: progress goes to standard error.
    """
    with stop_on_signal() as stopping, observer(Console(stderr=aside), todo.specs, plan) as watcher:
        return session.run(plan, todo, store, executor, watcher, stopping)
