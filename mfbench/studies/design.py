"""From a study to its trials: every arm at every value with every seed, planned like any others."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from mfbench.judges import judge_of
from mfbench.labels import plain
from mfbench.plan import Plan
from mfbench.record import Spec
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.studies.arms import Group, row_of
from mfbench.study import StudyEntry
from mfbench.study_contract import CLOCK, LAWS

MOST_VALUES = 1000
"""Of the swept parameter."""


@dataclass(frozen=True)
class Design:
    """A study as it is going to be run.

    Args:
        entry: the study, with the values, seeds and budget that are in force.
        plan: all its trials, each once.
        groups: arms in their order, values rising.
        limit: the trials of the limit's arm.
    """

    entry: StudyEntry
    plan: Plan
    groups: tuple[Group, ...]
    limit: Group | None = None


def make_design(
    entry: StudyEntry,
    values: tuple[float | str, ...],
    request: Request,
    registry: Registry,
    cores: int | None,
    plugins: tuple[str, ...] = (),
) -> Design:
    """Plan a study's trials.

    Args:
        entry: the study; its seeds and budget are already those that are in force.
        values: of the swept parameter; texts as a user types them.
        request: device, jobs, threads, memory.
        registry, cores, plugins: as in `plan.make_plan`.

    Raises:
        NameProblem, ParameterError, BadRequest: for what cannot be read or does not exist.
    """
    if len(values) > MOST_VALUES:
        raise BadRequest(f"values: got {len(values)}; expected at most {MOST_VALUES}.")
    request = msgspec.structs.replace(request, seeds=entry.seeds, budget=entry.budget, preset="quick")
    rows = [
        row
        for arm in entry.arms
        for row in sorted(
            (row_of(entry, arm, value, request, registry, cores, plugins) for value in values),
            key=lambda row: row[0].value,
        )
    ]
    groups = [group for group, _ in rows]
    limit = None
    if entry.limit is not None:
        limit, part = row_of(entry, entry.limit, None, request, registry, cores, plugins)
        rows.append((limit, part))
    found = tuple(sorted({group.value for group in groups}))
    if len(found) < len(values):
        raise BadRequest(f"values: {', '.join(map(str, values))} are not all different; give each once.")
    if entry.against == CLOCK and len(found) > 1:
        raise BadRequest(f"values: got {len(found)}; study {entry.name} is a law of the clock and takes one.")
    if entry.against != CLOCK and len(found) < LAWS[entry.law]:
        raise BadRequest(
            f"values: got {len(found)}; the law {entry.law!r} of study {entry.name} needs {LAWS[entry.law]} at least."
        )
    plan = joined([part for _, part in rows])
    return Design(dataclasses.replace(entry, values=found), plan, tuple(groups), limit)


def joined(parts: Iterable[Plan]) -> Plan:
    """One plan of several, every trial once."""
    plan = Plan()
    specs: dict[str, Spec] = {}
    unsupported: dict[str, tuple[Spec, str]] = {}
    for part in parts:
        specs |= {spec.key: spec for spec in part.specs}
        unsupported |= {spec.key: (spec, reason) for spec, reason in part.unsupported}
        plan.expected |= part.expected
        plan.frameworks = tuple(dict.fromkeys((*plan.frameworks, *part.frameworks)))
        plan.jobs, plan.gpus = part.jobs, part.gpus
    plan.specs = sorted(specs.values(), key=lambda spec: spec.cell.seed)  # as in `make_plan`
    plan.unsupported = list(unsupported.values())
    return plan


def abscissas(design: Design) -> dict[Group, float]:
    """What the law is a function of, at every group: the swept value, or the true value that the problem's judge has.

    Raises:
        BadRequest: a judge has no such value.
    """
    return {group: _abscissa(design.entry, group) for group in design.groups}


def _abscissa(entry: StudyEntry, group: Group) -> float:
    if entry.against in ("", CLOCK):
        return group.value
    where = f"study {entry.name}: the judge of {group.problem.name}"
    try:
        references = judge_of(group.problem, group.parameters, 0).references
    except Exception as error:  # a plugin's own code
        at = f"{entry.swept.partition('.')[2]} = {plain(group.value)}"
        raise BadRequest(f"{where} cannot be made at {at}: {type(error).__name__}: {error}") from error
    known = {one.quantity.partition(",")[0]: one.value for one in references if one.value is not None}
    if entry.against not in known:
        raise BadRequest(
            f"{where} has no true value of {entry.against!r}; it has: {', '.join(known) or 'none'}."
        )
    return float(known[entry.against])
