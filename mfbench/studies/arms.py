"""An arm of a study at a value: its instance, its solver's parameters, and the trials that they make."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import msgspec

from mfbench.labels import plain
from mfbench.names import Selector, parse_selector, unknown
from mfbench.parameters import make_parameters, parameter_document, parameter_value
from mfbench.plan import Plan, make_plan
from mfbench.registry import Registry
from mfbench.request import BadRequest, Request
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.studies.measuring import Quantity
from mfbench.study import Arm, StudyEntry
from mfbench.study_contract import COSTS, is_number


@dataclass(frozen=True, eq=False)
class Group:
    """The trials of an arm at a value.

    Args:
        arm: it.
        value: of the swept parameter, as a number; NaN for the limit's arm.
        problem, parameters: the instance.
        keys: of its trials, in the order of seeds.
        settings: of the solver.
    """

    arm: Arm
    value: float
    problem: ProblemEntry
    parameters: dict[str, Any]
    keys: tuple[str, ...]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)


def row_of(
    entry: StudyEntry,
    arm: Arm,
    value: float | str | None,
    request: Request,
    registry: Registry,
    cores: int | None,
    plugins: tuple[str, ...],
) -> tuple[Group, Plan]:
    """The trials of an arm at a value (None: of the limit's arm), and the plan that runs them.

    Raises:
        NameProblem, ParameterError, BadRequest: for what cannot be read or does not exist.
    """
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
    made = parameter_value(kind, parameter, value, f"{where}: {owner}")
    if not is_number(made):
        shown = str(made)
        shown = shown if len(shown) <= 40 else f"{shown[:40]}... ({len(shown)} characters)"
        raise BadRequest(f"{where}: {entry.swept} is {shown}; a study sweeps numbers that a float holds.")
    number: int | float = made
    return number


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
            raise BadRequest(
                f"{where}: {name} at {plain(number)}: {type(error).__name__}: {error}"
            ) from error
    return given
