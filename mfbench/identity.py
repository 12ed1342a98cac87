"""What this process would run if it were given a cell: the entries behind its names, and its key here."""

from __future__ import annotations

from mfbench import availability, provenance
from mfbench.closure import code_hash
from mfbench.record import Cell, Record
from mfbench.registry import Registry


def key_here(cell: Cell, registry: Registry, threads: int) -> str:
    """The key of a cell with the code and the packages of this process; its problem and solver exist."""
    problem, solver = registry.problems[cell.problem], registry.solvers[cell.task, cell.solver]
    versions = provenance.versions(
        availability.requirements(solver, registry.origins[solver.task, solver.name])
    )
    return provenance.key(cell, (code_hash(problem.build), code_hash(solver.run)), versions, threads)


def is_accounted_for(record: Record) -> bool:
    """Whether a record's own account of what ran (cell, code, versions, threads) gives the key that it bears."""
    code = (record.code.get("problem", ""), record.code.get("solver", ""))
    return provenance.key(record.cell, code, record.versions, record.limits.threads) == record.key
