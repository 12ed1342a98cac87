"""Which study a user means, and with which values, seeds and budget."""

from __future__ import annotations

import dataclasses

from mfbench.names import unknown
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.study import StudyEntry


def chosen(registry: Registry, name: str, request: Request) -> StudyEntry:
    """The study of that name, with the seeds and the budget of the request where it gives any.

    Raises:
        NameProblem: there is none; the nearest ones are named.
    """
    entry = registry.studies.get(name)
    if entry is None:
        raise unknown("study", name, registry.studies)
    return dataclasses.replace(
        entry, seeds=request.seeds or entry.seeds, budget=float(request.budget or entry.budget)
    )


def read_values(text: str) -> tuple[str, ...]:
    """Values as people type them: "32,64,128"; their parameter says what they have to be.

    Raises:
        BadRequest: one of them is empty.
    """
    values = tuple(value.strip() for value in text.split(","))
    if not all(values):
        raise BadRequest(
            f"values: got {text!r}; expected numbers with commas between them, such as 32,64,128."
        )
    return values
