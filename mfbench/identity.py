"""What this process would run if it were given a cell: the code and packages behind its names, and its key here."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from mfbench import availability, provenance
from mfbench.closure import closure, code_hash, has_changed
from mfbench.parameters import make_parameters
from mfbench.record import PROTOCOL, Cell, Record
from mfbench.registry import Origin, Registry
from mfbench.solver import ProblemEntry, SolverEntry

if TYPE_CHECKING:
    from mfbench.bundles import Shared


def key_here(cell: Cell, registry: Registry, threads: int) -> str:
    """The key of a cell with the code and the packages of this process; its problem and solver exist."""
    problem, solver = registry.problems[cell.problem], registry.solvers[cell.task, cell.solver]
    versions = versions_here(problem, solver, registry.origins[solver.task, solver.name])
    return provenance.key(cell, code_here(problem, solver).values(), versions, threads)


def code_here(problem: ProblemEntry, solver: SolverEntry) -> dict[str, str]:
    """Hashes of the code that a trial runs, as a record names them."""
    return {
        "problem": code_hash(problem.build, problem.parameters),
        "solver": code_hash(solver.run, solver.parameters),
    }


def is_edited(problem: ProblemEntry, solver: SolverEntry) -> bool:
    """Whether the code that a trial runs is no longer what this process first saw."""
    return has_changed(problem.build, problem.parameters) or has_changed(solver.run, solver.parameters)


def versions_here(problem: ProblemEntry, solver: SolverEntry, origin: Origin) -> dict[str, str]:
    """Installed versions of what a solver declares, and of what its code and the problem's import undeclared."""
    declared = availability.requirements(solver, origin)
    foreign = (
        closure(problem.build, problem.parameters).foreign | closure(solver.run, solver.parameters).foreign
    )
    known = {_normal(name) for name in declared}
    found = {name for top in foreign for name in distributions(top) if _normal(name) not in known}
    return provenance.versions((*declared, *sorted(found - set(provenance.CORE))))


def ran_here(registry: Registry) -> Callable[[Shared], bool]:
    """Says of records whether they ran the code and the versions of this process, so that their keys are those of today."""

    @cache
    def installed(task: str, problem: str, solver: str) -> tuple[dict[str, str], dict[str, str]] | None:
        known, method = registry.problems.get(problem), registry.solvers.get((task, solver))
        if known is None or method is None:
            return None
        return code_here(known, method), versions_here(known, method, registry.origins[task, solver])

    def says(shared: Shared) -> bool:
        cell = shared.cell
        found = shared.code, shared.versions
        return shared.protocol == PROTOCOL and installed(cell.task, cell.problem, cell.solver) == found

    return says


def reducible_here(registry: Registry) -> Callable[[Cell], bool]:
    """Says of cells whether their problem, as it is known here, has the flag "reducible"."""

    def says(cell: Cell) -> bool:
        problem = registry.problems.get(cell.problem)
        if problem is None:
            return False
        try:
            facts = problem.facts(make_parameters(problem.parameters, cell.problem_parameters, cell.problem))
        except Exception:  # a stranger's record, or of other parameters than the problem has now
            return False
        return "reducible" in facts.flags

    return says


def _normal(distribution: str) -> str:
    """A distribution's name as it is compared, whatever its spelling."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@cache
def distributions(top: str) -> tuple[str, ...]:
    """The installed distributions that a top-level module belongs to, as they spell their names."""
    if availability.installed_version(top) is not None:  # mostly they share the name; asking all takes long
        return (importlib.metadata.metadata(top)["Name"],)
    return tuple(sorted(set(_owners().get(top, ()))))


@cache
def _owners() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def is_accounted_for(record: Record) -> bool:
    """Whether a record's own account of what ran (cell, code, versions, threads) gives the key that it bears."""
    code = (record.code.get("problem", ""), record.code.get("solver", ""))
    return provenance.key(record.cell, code, record.versions, record.limits.threads) == record.key
