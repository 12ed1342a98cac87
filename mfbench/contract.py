"""What a plugin must hand over: its hooks and its entries are checked before anybody relies on them.

An entry that is taken can be listed, planned and shown without a further check, so that one plugin's
mistake never stops another's trials.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import pluggy

from mfbench import hookspecs
from mfbench.names import ENTRY_NAME, PROBLEM_NAME, suggestion
from mfbench.parameters import ParameterError, make_parameters, parameter_document
from mfbench.placement import ExecutorEntry
from mfbench.solver import API, Facts, ProblemEntry, SolverEntry
from mfbench.study import StudyEntry
from mfbench.study_contract import StudyProblem, check_study, is_text
from mfbench.tasks.known import TASKS

HOOKS = ("mfbench_problems", "mfbench_solvers", "mfbench_executors", "mfbench_studies")
KINDS = {ProblemEntry: "problem", SolverEntry: "solver", ExecutorEntry: "executor", StudyEntry: "study"}
MARKER = "mfbench_impl"
"""The attribute that `mfbench.hookimpl` leaves on a function."""

PRESETS = ("quick", "standard", "full")
DEVICES = ("cpu", "cuda")
TEXTS = {
    "problem": ("summary", "source", "formula"),
    "solver": ("summary", "source"),
    "executor": ("summary",),
    "study": ("summary", "source"),
}


class PluginError(Exception):
    """A plugin breaks the contract; the text says how and what to do."""


def offered(module: ModuleType) -> list[Any]:
    """What a plugin module's hooks return, unchecked.

    Raises:
        PluginError: no hook, a misspelt, an undecorated or a wrongly declared one, or one that returns no list.
    """
    check_hooks(module)
    manager = pluggy.PluginManager("mfbench")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error).replace("\n", " ")) from error
    found: list[Any] = []
    for caller in manager.get_hookcallers(module) or ():
        for implementation in caller.get_hookimpls():
            # Called directly: a hook caller drops None, and a forgotten `return` would go unnoticed.
            result = implementation.function()
            if not isinstance(result, Iterable) or isinstance(result, str | bytes):
                raise PluginError(f"{caller.name} returned {result!r}; expected a list of entries.")
            found.extend(result)
    return found


def check_hooks(module: ModuleType) -> None:
    """Refuse functions that look like hooks and are none, and a module without any.

    Raises:
        PluginError: with the function's name and what is expected.
    """
    found = False
    for name, value in vars(module).items():
        if not inspect.isroutine(value):
            continue
        marked = hasattr(value, MARKER)
        if name in HOOKS:
            if not marked:
                raise PluginError(f"function {name} is not decorated; write @mfbench.hookimpl above it.")
            found = True
        elif marked or name.startswith("mfbench_"):
            raise PluginError(f"unknown hook {name!r}; {suggestion(name, HOOKS)}")
    if not found:
        raise PluginError(f"offers no hook; expected a decorated {' or '.join(HOOKS)}.")


def check_entry(entry: Any) -> str:
    """Refuse an entry that breaks the contract; returns what it is: "problem", "solver", "executor", "study".

    Raises:
        PluginError: with what was got and what was expected.
    """
    kind = next((name for kind, name in KINDS.items() if isinstance(entry, kind)), None)
    if kind is None:
        expected = "a ProblemEntry or a SolverEntry (or an ExecutorEntry, a StudyEntry)"
        raise PluginError(f"a hook returned {entry!r}; expected {expected}.")
    if type(entry.api) is not int or entry.api != API:
        raise PluginError(
            f"{kind} {entry.name!r} states api = {entry.api!r}; this mfbench speaks api {API}. "
            "Install a version of the plugin, or of mfbench, that fits."
        )
    pattern, shape = (PROBLEM_NAME, "task/family") if kind == "problem" else (ENTRY_NAME, "name")
    if not isinstance(entry.name, str) or not pattern.fullmatch(entry.name):
        raise PluginError(
            f"{kind} name {entry.name!r}; expected {shape} in lower case letters, digits and hyphens."
        )
    where = f"{kind} {entry.name!r}"
    if isinstance(entry, ProblemEntry | SolverEntry) and entry.task not in TASKS:
        raise PluginError(f"{where} has task {entry.task!r}; expected one of {', '.join(TASKS)}.")
    for field in TEXTS[kind]:
        if not is_text(getattr(entry, field)):
            raise PluginError(f"{where}: {field} is {getattr(entry, field)!r}; expected a text.")
    try:
        if isinstance(entry, ProblemEntry):
            _check_problem(where, entry)
        elif isinstance(entry, SolverEntry):
            _check_solver(where, entry)
        elif isinstance(entry, ExecutorEntry):
            _check_executor(where, entry)
        else:
            check_study(where, entry)
    except (ParameterError, StudyProblem) as error:
        raise PluginError(str(error)) from error
    return kind


def _check_problem(where: str, entry: ProblemEntry) -> None:
    _check_path(where, "build", entry.build)
    _check_path(where, "judge", entry.judge)
    if entry.second_route != "":
        _check_path(where, "second_route", entry.second_route)
    _check_callable(where, "facts", entry.facts, "a function of the parameters that gives Facts")
    _check_targets(where, entry.targets)
    _check_instances(where, entry.instances)
    for overrides in ({}, *(one for instances in entry.instances.values() for one in instances)):
        made = make_parameters(entry.parameters, overrides, where)
        parameter_document(made)
        facts = entry.facts(made)
        if not isinstance(facts, Facts) or facts.task != entry.task:
            raise PluginError(f"{where}: facts gave {facts!r}; expected Facts of task {entry.task!r}.")


def _check_solver(where: str, entry: SolverEntry) -> None:
    _check_path(where, "run", entry.run)
    _check_callable(
        where, "supports", entry.supports, "a function of Facts that gives None or the reason why not"
    )
    if not isinstance(entry.control, bool):
        raise PluginError(f"{where}: control is {entry.control!r}; expected True or False.")
    parameter_document(make_parameters(entry.parameters, {}, where))
    _check_texts(where, "extras", entry.extras)
    _check_texts(where, "devices", entry.devices)
    if not entry.devices or set(entry.devices) - set(DEVICES):
        raise PluginError(f"{where}: devices is {entry.devices!r}; expected some of {', '.join(DEVICES)}.")


def _check_executor(where: str, entry: ExecutorEntry) -> None:
    _check_path(where, "open", entry.open)
    _check_texts(where, "extras", entry.extras)
    parameter_document(make_parameters(entry.options, {}, where))
    if not isinstance(entry.away, bool):
        raise PluginError(f"{where}: away is {entry.away!r}; expected True or False.")


def _check_texts(where: str, field: str, value: Any) -> None:
    if not isinstance(value, tuple) or not all(isinstance(text, str) for text in value):
        raise PluginError(f"{where}: {field} is {value!r}; expected a tuple of texts.")


def _check_path(where: str, field: str, path: Any) -> None:
    if not isinstance(path, str) or [bool(part) for part in path.split(":")] != [True, True]:
        raise PluginError(f"{where}: {field} is {path!r}; expected 'module:function'.")


def _check_callable(where: str, field: str, value: Any, expected: str) -> None:
    if not callable(value):
        raise PluginError(f"{where}: {field} is {value!r}; expected {expected}.")


def _check_targets(where: str, targets: Any) -> None:
    numbers = isinstance(targets, tuple | list) and all(
        isinstance(target, int | float) and math.isfinite(target) and target > 0 for target in targets
    )
    if not numbers or list(targets) != sorted(set(targets), reverse=True):
        raise PluginError(
            f"{where}: targets are {targets!r}; expected a tuple of numbers > 0, largest first; () for none."
        )


def _check_instances(where: str, instances: Any) -> None:
    if not isinstance(instances, Mapping):
        raise PluginError(
            f"{where}: instances is {instances!r}; expected a mapping from {', '.join(PRESETS)} to tuples of "
            "parameter mappings."
        )
    for preset, some in instances.items():
        if preset not in PRESETS:
            raise PluginError(f"{where} has instances for {preset!r}; expected {', '.join(PRESETS)}.")
        if not isinstance(some, tuple | list) or not all(isinstance(one, Mapping) for one in some):
            raise PluginError(
                f"{where}: instances of {preset!r} are {some!r}; expected a tuple of parameter mappings, {{}} for "
                "the defaults."
            )
        if preset == "quick" and len(some) > 1:
            raise PluginError(f"{where} has {len(some)} quick instances; expected at most one.")
