"""From a study to its trials: every arm at every value with every seed, planned like any others."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from mfbench.judges import judge_of
from mfbench.names import Selector, parse_selector, unknown
from mfbench.parameters import make_parameters, parameter_document
from mfbench.plan import Plan, make_plan
from mfbench.record import Spec
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.studies.measuring import Quantity
from mfbench.study import Arm, StudyEntry
from mfbench.study_contract import CLOCK, COSTS, LAWS

MOST_VALUES = 1000
"""Of the swept parameter."""


@dataclass(frozen=True, eq=False)
class Group:
    """The trials of an arm at a value.

    Args:
        arm: it.
        value: of the swept parameter, as a number; NaN for the limit's arm.
        problem, parameters: the instance.
        settings: of the solver.
        keys: of its trials, in the order of seeds.
    """

    arm: Arm
    value: float
    problem: ProblemEntry
    parameters: dict[str, Any]
    keys: tuple[str, ...]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)


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
            (_row(entry, arm, value, request, registry, cores, plugins) for value in values),
            key=lambda row: row[0].value,
        )
    ]
    groups = [group for group, _ in rows]
    limit = None
    if entry.limit is not None:
        limit, part = _row(entry, entry.limit, None, request, registry, cores, plugins)
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
        plan.jobs = part.jobs
    plan.specs = sorted(specs.values(), key=lambda spec: spec.cell.seed)  # as in `make_plan`
    plan.unsupported = list(unsupported.values())
    return plan


def _row(
    entry: StudyEntry,
    arm: Arm,
    value: float | str | None,
    request: Request,
    registry: Registry,
    cores: int | None,
    plugins: tuple[str, ...],
) -> tuple[Group, Plan]:
    where = f"study {entry.name}, arm {arm.name}"
    problem = registry.problems.get(parse_selector(arm.problem).glob)
    if problem is None:
        raise BadRequest(
            f"{where}: {unknown('problem', parse_selector(arm.problem).glob, registry.problems)}"
        )
    name = parse_selector(arm.solver).glob
    solver = registry.solvers.get((problem.task, name))
    if solver is None:
        known = [other for task, other in registry.solvers if task == problem.task]
        raise BadRequest(f"{where}: {unknown('solver', name, known)}")
    _check_target(where, entry, problem)
    number = math.nan if value is None else _swept(entry, where, value, problem, solver)
    given = _given(entry, arm, where, value, number)
    chosen = parameter_document(
        make_parameters(problem.parameters, given["problem"], f"{where}: problem {problem.name}")
    )
    settings = parameter_document(
        make_parameters(solver.parameters, given["solver"], f"{where}: solver {name}")
    )
    part = make_plan(
        msgspec.structs.replace(
            request, problems=(Selector(problem.name, chosen),), solvers=(Selector(name, settings),)
        ),
        registry,
        cores,
        plugins,
    )
    keys = [spec.key for spec in part.specs] + [spec.key for spec, _ in part.unsupported]
    return Group(arm, float(number), problem, chosen, tuple(keys), settings), part


def _check_target(where: str, entry: StudyEntry, problem: ProblemEntry) -> None:
    quantity = Quantity.of(entry.quantity)
    if quantity.kind in COSTS and quantity.target not in problem.targets:
        targets = ", ".join(f"{target:g}" for target in problem.targets)
        raise BadRequest(
            f"{where}: {entry.quantity} is no target of {problem.name}; it has: {targets or 'none'}."
        )


def _swept(
    entry: StudyEntry, where: str, value: float | str, problem: ProblemEntry, solver: SolverEntry
) -> float:
    """The swept parameter's value as the number that it stands for."""
    part, _, parameter = entry.swept.partition(".")
    kind = solver.parameters if part == "solver" else problem.parameters
    owner = f"solver {solver.name}" if part == "solver" else f"problem {problem.name}"
    made = parameter_document(make_parameters(kind, {parameter: value}, f"{where}: {owner}"))[parameter]
    if isinstance(made, bool) or not isinstance(made, int | float):
        raise BadRequest(f"{where}: {entry.swept} is {made!r}; a study sweeps numbers.")
    return made


def _given(
    entry: StudyEntry, arm: Arm, where: str, value: float | str | None, number: float
) -> dict[str, dict[str, Any]]:
    """The parameters that an arm sets at a value, by what they belong to."""
    given: dict[str, dict[str, Any]] = {
        "problem": dict(parse_selector(arm.problem).parameters),
        "solver": dict(parse_selector(arm.solver).parameters),
    }
    sets = ({} if value is None else {entry.swept: lambda number: value}) | dict(arm.tied)
    for name, function in sets.items():
        part, _, parameter = name.partition(".")
        if parameter in given[part]:
            raise BadRequest(
                f"{where}: {name} is fixed in its brackets and set by the sweep; do one of them."
            )
        try:
            given[part][parameter] = function(number)
        except Exception as error:  # a plugin's own function
            raise BadRequest(f"{where}: {name} at {number:g}: {type(error).__name__}: {error}") from error
    return given


def abscissas(design: Design) -> dict[Group, float]:
    """What the law is a function of, at every group: the swept value, or the true value that the problem's judge has.

    Raises:
        BadRequest: a judge has no such value.
    """
    return {group: _abscissa(design.entry, group) for group in design.groups}


def _abscissa(entry: StudyEntry, group: Group) -> float:
    if entry.against in ("", CLOCK):
        return group.value
    references = judge_of(group.problem, group.parameters, 0).references
    known = {one.quantity.partition(",")[0]: one.value for one in references if one.value is not None}
    if entry.against not in known:
        raise BadRequest(
            f"study {entry.name}: the judge of {group.problem.name} has no true value of {entry.against!r}; it has: "
            f"{', '.join(known) or 'none'}."
        )
    return float(known[entry.against])
