"""Why a record stands, or will be run again: every ingredient of its key, then and now, and what it was run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from mfbench import identity, provenance
from mfbench.closure import closure, code_hash
from mfbench.labels import canonical
from mfbench.parameters import ParameterError, make_parameters, parameter_document
from mfbench.record import PROTOCOL, Record, Status
from mfbench.registry import Registry

ASKED = "as asked for"
"""Said of an ingredient that only the command chooses."""

ABSENT = "none"


@dataclass(frozen=True)
class Ingredient:
    """One thing that the key, or the errors, depend on.

    Args:
        name: what it is.
        then, now: its values as text, in the record and on this machine.
        same: whether it would be the same now.
    """

    name: str
    then: str
    now: str
    same: bool

    @classmethod
    def of(cls, name: str, then: str, now: str) -> Ingredient:
        """An ingredient that is the same if its texts are."""
        return cls(name, then, now, then == now)


@dataclass(frozen=True)
class Account:
    """What there is to know of a record's key.

    Args:
        then, now: the key as it is recorded, and as it would be here; None where the problem or the solver is missing.
        honest: the record's own account gives the key that it bears; None where it holds none (it never started).
        ingredients: of the key.
        beside: what the record rests on and the key does not cover.
        edited: files of its code that were written to after it started.
    """

    then: str
    now: str | None
    honest: bool | None
    ingredients: tuple[Ingredient, ...]
    beside: tuple[Ingredient, ...]
    edited: tuple[Path, ...]
    status: Status

    @property
    def verdict(self) -> str:
        """What the same command would do, in a sentence."""
        changed = [one.name for one in self.ingredients if not one.same]
        if self.honest is False:
            return (
                "The record does not bear the key that its own contents give: it was changed, or ran other code than "
                "was planned."
            )
        if self.now is None:
            return f"It cannot be run here: {', '.join(changed)}."
        if self.now != self.then:
            return f"It would be run again: {', '.join(changed) or 'the key'} would be another one."
        if not self.status.final:
            return f"Its key is the same, and it would be run again: {self.status} is not final."
        if any(one.name == "judge" and not one.same for one in self.beside):
            return "Its key is the same: it is not run again, but judged anew, since its judge has changed."
        return "Its key is the same: the record stands for it, and it is not run again."


def account(record: Record, registry: Registry) -> Account:
    """Compare a record with what its cell would be here."""
    cell = record.cell
    problem = registry.problems.get(cell.problem)
    solver = registry.solvers.get((cell.task, cell.solver))
    documents = {
        "problem_parameters": _document(cell.problem_parameters, problem.parameters if problem else None),
        "solver_parameters": _document(cell.solver_parameters, solver.parameters if solver else None),
    }
    plain = {"task": cell.task, "seed": str(cell.seed), "device": cell.device, "budget": f"{cell.budget:g} s"}
    build = (problem.build, problem.parameters) if problem else None
    run = (solver.run, solver.parameters) if solver else None
    judge = (problem.judge, problem.parameters) if problem else None
    ingredients = [
        Ingredient.of("problem", cell.problem, cell.problem if problem else "not installed"),
        Ingredient.of("solver", cell.solver, cell.solver if solver else "not installed"),
        *(
            Ingredient.of(
                name.replace("_", " "),
                canonical(getattr(cell, name)),
                document if isinstance(document, str) else canonical(document),
            )
            for name, document in documents.items()
        ),
        *(Ingredient(name, text, ASKED, True) for name, text in plain.items()),
        Ingredient("threads", str(record.limits.threads), ASKED, True),
        Ingredient.of("code of the problem", *_hashes(record.code.get("problem"), build)),
        Ingredient.of("code of the solver", *_hashes(record.code.get("solver"), run)),
    ]
    versions: Mapping[str, str] = {}
    if problem is not None and solver is not None:
        versions = identity.versions_here(problem, solver, registry.origins[solver.task, solver.name])
        for name in sorted({*record.versions, *versions}):
            installed = versions.get(name, ABSENT)
            ingredients.append(
                Ingredient.of(f"version of {name}", record.versions.get(name, ABSENT), installed)
            )
    ingredients.append(Ingredient("dtype", provenance.DTYPE, provenance.DTYPE, True))
    ingredients.append(Ingredient.of("protocol", str(record.protocol), str(PROTOCOL)))
    now = None
    if (
        problem is not None
        and solver is not None
        and not any(isinstance(one, str) for one in documents.values())
    ):
        now = identity.key_here(msgspec.structs.replace(cell, **documents), registry, record.limits.threads)
    here = provenance.machine()
    beside = [Ingredient.of("judge", *_hashes(record.judge, judge))]
    beside += [
        Ingredient.of(f"machine: {name}", record.machine.get(name, ABSENT), here.get(name, ABSENT))
        for name in sorted({*record.machine, *here})
    ]
    return Account(
        then=record.key,
        now=now,
        honest=identity.is_accounted_for(record) if record.code else None,
        ingredients=tuple(ingredients),
        beside=tuple(beside),
        edited=_edited([code for code in (build, run) if code is not None], record.started),
        status=record.status,
    )


def _document(then: dict[str, Any], kind: type | None) -> dict[str, Any] | str:
    """The parameters with the defaults of today filled in; a text where they are refused, or there is nothing."""
    if kind is None:
        return ABSENT
    try:
        return parameter_document(make_parameters(kind, then, "its entry"))
    except ParameterError as error:
        return str(error)


Code = tuple[str, type]
"""A function's path, and the class of its parameters."""


def _hashes(then: str | None, code: Code | None) -> tuple[str, str]:
    return then or ABSENT, code_hash(*code) if code else ABSENT


def _edited(code: list[Code], started: str) -> tuple[Path, ...]:
    try:
        since = datetime.fromisoformat(started).timestamp()
    except ValueError:  # a record that says nothing of its time
        return ()
    files = {file for one in code for file in closure(*one).files.values()}
    return tuple(sorted(file for file in files if file.stat().st_mtime > since))
