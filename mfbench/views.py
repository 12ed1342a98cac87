"""What the commands print, as text: from the registry, a plan or records, through `report`."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mfbench import availability
from mfbench.judges import judge_of
from mfbench.names import parse_selector, unknown
from mfbench.parameters import describe, make_parameters, parameter_document
from mfbench.plan import Plan
from mfbench.record import Cell
from mfbench.registry import Registry
from mfbench.report.catalogue import list_entries
from mfbench.report.pages import show_problem, show_solver
from mfbench.report.plan import plan_table
from mfbench.report.study_page import show_study
from mfbench.report.verdicts import verdicts_page
from mfbench.session import Todo
from mfbench.solver import NoParameters, ProblemEntry
from mfbench.tasks.judging import Judge
from mfbench.terminal import terminal

if TYPE_CHECKING:
    from mfbench.conformance.kit import Findings

PATIENCE = 2.0
"""Seconds without an answer after which a user is told what is being computed."""


def plan_text(plan: Plan, todo: Todo, registry: Registry) -> str:
    """What is going to be run, what cannot be and why, and how long it takes."""

    def names(cell: Cell) -> tuple[str, str]:
        problem, solver = registry.problems[cell.problem], registry.solvers[cell.task, cell.solver]
        return (
            problem.name + describe(problem.parameters, cell.problem_parameters),
            solver.name + describe(solver.parameters, cell.solver_parameters),
        )

    counts = Counter((*names(spec.cell), plan.expected[spec.key]) for spec in todo.specs)
    rows = [(problem, solver, count, seconds) for (problem, solver, seconds), count in counts.items()]
    refused = dict.fromkeys((*names(spec.cell), reason) for spec, reason in plan.unsupported)
    text = plan_table(rows, refused, plan.minutes(todo.specs), **terminal())
    kept = {record.key for record in todo.kept}
    here = sum(spec.key in kept for spec in plan.specs)
    elsewhere = sum(spec.key in kept for spec, _ in plan.unsupported)
    if here:
        text += f"{here} of {len(plan.specs)} trials have their records already.\n"
    if elsewhere:
        text += (
            f"{elsewhere} of {len(plan.unsupported)} trials that are unsupported here have the record of an earlier run or "
            "another machine, which stands.\n"
        )
    return text


def list_text(registry: Registry) -> str:
    """Everything on offer, what is missing, what is broken."""
    solvers = [
        (entry, availability.missing(entry, registry.origins[key])) for key, entry in registry.solvers.items()
    ]
    executors = [
        (entry, availability.missing(entry, registry.origins[name]))
        for name, entry in registry.executors.items()
    ]
    broken = [(str(one.origin), one.reason) for one in registry.broken]
    return list_entries(
        registry.problems.values(), solvers, broken, executors, registry.studies.values(), **terminal()
    )


def show_text(registry: Registry, name: str) -> str:
    """All about the problems, solvers and studies that a selector names.

    Raises:
        NameProblem, ParameterError: nothing answers to the name, or not with these parameters.
    """
    selector = parse_selector(name)
    problems = [registry.problems[key] for key in selector.matching(registry.problems)]
    solvers = [key for key in registry.solvers if selector.matching([key[1]])]
    studies = [registry.studies[key] for key in selector.matching(registry.studies)]
    if not problems and not solvers and not studies:
        known = [*registry.problems, *(solver for _, solver in registry.solvers), *registry.studies]
        raise unknown("problem, solver or study", selector.glob, known)
    pages = []
    for problem in problems:
        parameters, judge = judge_or_none(problem, selector.parameters)
        references, metric = ((), "") if judge is None else (judge.references, judge.headline_name)
        pages.append(show_problem(problem, references, parameters, metric, **terminal()))
    for key in solvers:
        entry, origin = registry.solvers[key], registry.origins[key]
        make_parameters(entry.parameters, selector.parameters, f"solver {entry.name}")
        reason = availability.missing(entry, origin)
        pages.append(show_solver(entry, reason, origin.distribution, **terminal()))
    for study in studies:
        make_parameters(NoParameters, selector.parameters, f"study {study.name}")
        pages.append(show_study(study, **terminal()))
    return "\n".join(pages)


def judge_or_none(problem: ProblemEntry, overrides: Mapping[str, Any]) -> tuple[Any, Judge | None]:
    """The parameters of an instance and its judge; None, said on stderr, if it cannot be built."""
    parameters = make_parameters(problem.parameters, overrides, f"problem {problem.name}")
    patience = threading.Timer(
        PATIENCE, print, [f"computing the true answer of {problem.name} ..."], {"file": sys.stderr}
    )
    patience.daemon = True
    patience.start()
    try:
        return parameters, judge_of(problem, parameter_document(parameters), 0)
    except Exception as error:  # a stranger's judge may raise anything; the rest is still worth showing
        print(f"no reference for {problem.name}: {type(error).__name__}: {error}", file=sys.stderr)
        return parameters, None
    finally:
        patience.cancel()


def check_text(findings: Findings) -> str:
    """What the conformance kit found out about one entry."""
    lines = [(one.check, str(one.outcome), one.sentence) for one in findings.verdicts]
    return verdicts_page(findings.title, lines, **terminal())
