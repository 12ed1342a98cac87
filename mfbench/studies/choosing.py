"""Which study a user means, and with which values, seeds and budget."""

from __future__ import annotations

import dataclasses

from mfbench.names import unknown
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.study import StudyEntry


def chosen(registry: Registry, name: str, request: Request) -> list[StudyEntry]:
    """The study of that name, else all of that group, with the seeds and the budget of the request where it gives any.

    Raises:
        NameProblem: there is none; the nearest ones are named.
    """
    known = registry.studies
    entries = (
        [known[name]] if name in known else [one for one in known.values() if name and one.group == name]
    )
    if not entries:
        groups = {entry.group for entry in known.values() if entry.group}
        raise unknown("study", name, sorted({*known, *groups}))
    return [
        dataclasses.replace(
            entry, seeds=request.seeds or entry.seeds, budget=float(request.budget or entry.budget)
        )
        for entry in entries
    ]


def values_for(entries: list[StudyEntry], text: str | None) -> list[tuple[float | str, ...]]:
    """The values that each study sweeps: those typed, if any were, else its own.

    Raises:
        BadRequest: values were typed for several studies, or cannot be read.
    """
    if text is None:
        return [entry.values for entry in entries]
    if len(entries) > 1:
        names = ", ".join(entry.name for entry in entries)
        raise BadRequest(f"values: got {text!r} for {len(entries)} studies; name one of them: {names}.")
    return [read_values(text)]


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
