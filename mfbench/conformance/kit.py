"""The kit: every check of an entry, and what a check of work leaves in the results folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mfbench import availability, fork_server
from mfbench.closure import code_hash
from mfbench.conformance.evaluations import treatment
from mfbench.conformance.lightness import all_answers, light_entry, stable_parameters
from mfbench.conformance.problem_run import run_problem
from mfbench.conformance.runs import Runs, run_solver
from mfbench.conformance.solver_checks import behaviour
from mfbench.conformance.subjects import Subject
from mfbench.conformance.verdict import Verdict, skipped
from mfbench.labels import label
from mfbench.registry import Registry
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.work_checks import WorkCheck


@dataclass(frozen=True)
class Findings:
    """What the kit found out about one entry.

    Args:
        title: the entry, its parameters and where it was tried.
        verdicts: in the order of the checks.
        work: what was counted; None for a problem, and where nothing ran.
    """

    title: str
    verdicts: tuple[Verdict, ...]
    work: WorkCheck | None = None


def check_all(
    subjects: list[Subject], registry: Registry, plugins: tuple[str, ...] = (), budget: float | None = None
) -> Iterator[Findings]:
    """What is found out about each subject, in their order, problems first.

    Solvers are checked side by side, one more than there are cores: their runs take slots, and while the last run of one
    goes on, others use the cores that it leaves.
    """
    problems = [one for one in subjects if isinstance(one.entry, ProblemEntry)]
    solvers = [one for one in subjects if isinstance(one.entry, SolverEntry)]
    yield from (check(one, registry, plugins) for one in problems)
    # What any of them needs is imported once, ahead of all.
    needed = (one.entry.extras for one in solvers if one.problem and isinstance(one.entry, SolverEntry))
    fork_server.start(extra for extras in needed for extra in extras)
    pool = ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0)) + 1)
    try:
        yield from pool.map(lambda one: check(one, registry, plugins, budget), solvers)
    finally:
        pool.shutdown(cancel_futures=True)


def check(
    subject: Subject, registry: Registry, plugins: tuple[str, ...] = (), budget: float | None = None
) -> Findings:
    """Every check of an entry; raises nothing that is the entry's fault. The budget is as in `run_solver`."""
    entry = subject.entry
    title = label(entry.name, subject.parameters)
    if isinstance(entry, ProblemEntry):
        still = [
            light_entry(entry, registry.origins[entry.name]),
            stable_parameters(entry, subject.parameters),
        ]
        return Findings(title, (*still, *run_problem(entry, subject.parameters, plugins)))
    origin = registry.origins[entry.task, entry.name]
    still = [
        light_entry(entry, origin),
        stable_parameters(entry, subject.parameters),
        all_answers(entry, registry),
    ]
    missing = availability.missing(entry, origin)
    if missing is not None or subject.problem is None:
        return Findings(
            title, (*still, skipped("trial", f"it cannot run here: {missing or subject.reason}."))
        )
    runs = run_solver(subject, registry, plugins, budget)
    work = work_check(subject, entry, runs)
    where = label(subject.problem.entry.name, subject.problem.parameters)
    return Findings(f"{title} on {where}", (*still, *behaviour(runs, work), *treatment(runs)), work)


def work_check(subject: Subject, entry: SolverEntry, runs: Runs) -> WorkCheck:
    """What the first probe's last checkpoint reports, and what was counted until then."""
    assert subject.problem is not None
    glances = runs.first.glances
    last = glances[max(glances)] if glances else None
    reported = (last.reported or 0) if last else 0
    # The first checkpoint alone says little: making a problem evaluates it at its start points.
    began = runs.first.yields > 1 or runs.first.ended == "finished"
    countable = (
        began and runs.counted and not runs.first.foreign and last and (last.counted > 0 or not reported)
    )
    return WorkCheck(
        task=entry.task,
        solver=entry.name,
        solver_parameters=subject.parameters,
        code=code_hash(entry.run, entry.parameters),
        problem=subject.problem.entry.name,
        problem_parameters=subject.problem.parameters,
        reported=reported,
        counted=last.counted if last is not None and countable else None,
        each=max((glance.each for glance in glances.values()), default=0),
    )
