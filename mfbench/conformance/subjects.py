"""Which entries a user wants checked, and on which problem a solver is."""

from __future__ import annotations

from dataclasses import dataclass

from mfbench import availability
from mfbench.names import parse_selector, unknown
from mfbench.plan import Instance, choose_problems, instance
from mfbench.registry import Registry
from mfbench.request import BadRequest
from mfbench.solver import ProblemEntry, SolverEntry


@dataclass(frozen=True)
class Subject:
    """An entry with parameters that is to be checked.

    Args:
        entry: a problem or a solver.
        parameters: canonical.
        problem: where a solver is tried; None for a problem, and where it can run on none.
        reason: why it can run on none.
    """

    entry: ProblemEntry | SolverEntry
    parameters: dict[str, object]
    problem: Instance | None = None
    reason: str = ""


def choose(registry: Registry, names: tuple[str, ...], on: str | None = None) -> list[Subject]:
    """The problems and solvers that selectors name, problems first.

    Args:
        registry: what there is.
        names: `NAME-GLOB[key=value,...]`.
        on: selector of the problem on which solvers are tried; else the smallest quick instance that they take.

    Raises:
        NameProblem, ParameterError, BadRequest: for what cannot be read or does not exist.
    """
    preferred = choose_problems((parse_selector(on),), registry, "quick") if on is not None else None
    problems: list[Subject] = []
    solvers: list[Subject] = []
    for text in names:
        selector = parse_selector(text)
        some = [registry.problems[name] for name in selector.matching(registry.problems)]
        others = [entry for (_, name), entry in registry.solvers.items() if selector.matching([name])]
        if not some and not others:
            known = [*registry.problems, *(name for _, name in registry.solvers)]
            raise unknown("problem or solver", selector.glob, known)
        for problem in some:
            made = instance(problem, f"problem {problem.name}", selector.parameters)
            problems.append(Subject(problem, made.parameters))
        for solver in others:
            made = instance(solver, f"solver {solver.name}", selector.parameters)
            solvers.append(_placed(registry, made, preferred))
    return problems + solvers


def _placed(registry: Registry, solver: Instance, preferred: list[Instance] | None) -> Subject:
    """A solver with the problem on which it is tried."""
    reason = f"no problem of task {solver.entry.task} is installed"
    wanted = preferred if preferred is not None else _smallest_first(registry)
    for problem in wanted:
        if problem.entry.task != solver.entry.task:
            continue
        why_not = availability.why_not(registry, problem.entry, problem.parameters, solver.entry, "cpu")
        if why_not is None:
            return Subject(solver.entry, solver.parameters, problem)
        reason = why_not
    if preferred is not None:
        raise BadRequest(f"solver {solver.entry.name} cannot run on the problem that was named: {reason}.")
    return Subject(solver.entry, solver.parameters, reason=reason)


def _smallest_first(registry: Registry) -> list[Instance]:
    """The quick preset's instances, then all problems at their defaults; of small dimension first."""

    def size(one: Instance) -> tuple[int, str]:
        entry = one.entry
        return entry.facts(entry.parameters(**one.parameters)).dim, entry.name

    quick = choose_problems((), registry, "quick")
    rest = [instance(entry, f"problem {entry.name}", {}) for entry in registry.problems.values()]
    return sorted(quick, key=size) + sorted(rest, key=size)
