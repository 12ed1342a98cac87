"""Discovery: which problems and solvers there are, where they come from, what is broken.

Each plugin is loaded into a plugin manager of its own: so every entry is known by the file it
comes from, and a plugin that raises breaks nothing else.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from mfbench import hookspecs
from mfbench.names import ENTRY_NAME, PROBLEM_NAME
from mfbench.solver import API, ProblemEntry, SolverEntry
from mfbench.tasks import TASKS

GROUP = "mfbench"
HOOKS = ("mfbench_problems", "mfbench_solvers")


class PluginError(Exception):
    """A plugin breaks the contract; the text says how and what to do."""


@dataclass(frozen=True)
class Origin:
    """Where a plugin comes from.

    Args:
        name: entry-point name, or the file's name.
        file: the module's file.
        distribution: name of the distribution that announces it; None for a plugin file.
    """

    name: str
    file: str
    distribution: str | None = None

    def __str__(self) -> str:
        return self.file if self.distribution is None else f"{self.file} ({self.distribution})"


@dataclass(frozen=True)
class Broken:
    """A plugin, or one entry of it, that cannot be used, and why."""

    origin: Origin
    reason: str


@dataclass
class Registry:
    """All entries, by name, with their origins; what is broken stands apart."""

    problems: dict[str, ProblemEntry] = field(default_factory=dict)
    solvers: dict[tuple[str, str], SolverEntry] = field(default_factory=dict)
    origins: dict[str | tuple[str, str], Origin] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def add(self, origin: Origin, module: ModuleType) -> None:
        """Take a plugin's entries; one bad entry is listed as broken, the others stay."""
        for entry in offered(module):
            try:
                self._add_entry(origin, entry)
            except PluginError as error:
                self.broken.append(Broken(origin, str(error)))

    def _add_entry(self, origin: Origin, entry: Any) -> None:
        if not isinstance(entry, ProblemEntry | SolverEntry):
            raise PluginError(f"a hook returned {entry!r}; expected a ProblemEntry or a SolverEntry.")
        kind = "problem" if isinstance(entry, ProblemEntry) else "solver"
        check_entry(kind, entry)
        key: str | tuple[str, str]
        key = entry.name if isinstance(entry, ProblemEntry) else (entry.task, entry.name)
        if key in self.origins:
            raise PluginError(
                f"{kind} name {entry.name!r} is already offered by {self.origins[key]}. Rename one."
            )
        self.origins[key] = origin
        if isinstance(entry, ProblemEntry):
            self.problems[entry.name] = entry
        else:
            self.solvers[entry.task, entry.name] = entry

    def sorted(self) -> Registry:
        """The same registry with entries in the order of their names."""
        self.problems = dict(sorted(self.problems.items()))
        self.solvers = dict(sorted(self.solvers.items()))
        return self


def check_entry(kind: str, entry: ProblemEntry | SolverEntry) -> None:
    """Refuse an entry whose api, name, task or targets break the contract.

    Raises:
        PluginError: with what was got and what was expected.
    """
    if entry.api != API:
        raise PluginError(
            f"{kind} {entry.name!r} states api = {entry.api!r}; this mfbench speaks api {API}. "
            "Install a version of the plugin, or of mfbench, that fits."
        )
    pattern, shape = (PROBLEM_NAME, "task/family") if kind == "problem" else (ENTRY_NAME, "name")
    if not pattern.fullmatch(entry.name):
        raise PluginError(
            f"{kind} name {entry.name!r}; expected {shape} in lower case letters, digits and hyphens."
        )
    if entry.task not in TASKS:
        raise PluginError(
            f"{kind} {entry.name!r} has task {entry.task!r}; expected one of {', '.join(TASKS)}."
        )
    paths = (entry.build, entry.judge) if isinstance(entry, ProblemEntry) else (entry.run,)
    for path in paths:
        if path.count(":") != 1:
            raise PluginError(f"{kind} {entry.name!r} names {path!r}; expected 'module:function'.")


def offered(module: ModuleType) -> list[Any]:
    """The entries that a plugin module's hooks return.

    Raises:
        PluginError: no hook, a misspelt, an undecorated or a wrongly declared one.
    """
    marker = "mfbench_impl"
    for name, value in vars(module).items():
        marked = hasattr(value, marker) and callable(value)
        if name in HOOKS and callable(value) and not marked:
            raise PluginError(f"function {name} is not decorated; write @mfbench.hookimpl above it.")
        if marked and name not in HOOKS:
            raise PluginError(f"unknown hook {name!r}; the hooks are {' and '.join(HOOKS)}.")
    manager = pluggy.PluginManager("mfbench")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module)
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error).replace("\n", " ")) from error
    if not manager.get_hookcallers(module):
        raise PluginError(f"offers no hook; expected a decorated {' or '.join(HOOKS)}.")
    found: list[Any] = []
    for name in HOOKS:
        for result in getattr(manager.hook, name)():
            found.extend(result)
    return found


def load_registry(plugin_files: Iterable[str | Path] = ()) -> Registry:
    """Discover the plugins of the entry-point group `mfbench` and the given files."""
    registry = Registry()
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    for point in points:
        distribution = point.dist.name if point.dist is not None else None
        origin = Origin(point.name, _file_of(point.module), distribution)
        _try_add(registry, origin, lambda point=point: importlib.import_module(point.module))
    for path in plugin_files:
        file = Path(path).resolve()
        _try_add(registry, Origin(file.name, str(file)), lambda file=file: load_file(file))
    return registry.sorted()


def _try_add(registry: Registry, origin: Origin, load: Any) -> None:
    try:
        registry.add(origin, load())
    except PluginError as error:
        registry.broken.append(Broken(origin, str(error)))
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        where = traceback.extract_tb(error.__traceback__)[-1]
        registry.broken.append(
            Broken(origin, f"{type(error).__name__}: {error} (line {where.lineno} of {where.filename})")
        )


def load_file(file: Path) -> ModuleType:
    """Import a plugin file as a module of its stem's name, once per process.

    Its folder is not put on the import path. "module:function" strings of its entries name
    the module by the file's stem.

    Raises:
        PluginError: a missing file, or a stem that an imported module already has.
    """
    known = sys.modules.get(file.stem)
    if known is not None:
        if getattr(known, "__file__", None) == str(file):
            return known
        raise PluginError(f"a module named {file.stem!r} is already imported; rename the file {file.name}.")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise PluginError("no such Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[file.stem]
        raise
    return module


def resolve(path: str) -> Any:
    """The object behind "module:function"; imports the module.

    Raises:
        PluginError: the module has no such name.
    """
    module_name, _, name = path.partition(":")
    module = importlib.import_module(module_name)
    try:
        return getattr(module, name)
    except AttributeError:
        raise PluginError(f"{path}: module {module.__file__} has no {name!r}.") from None


def _file_of(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        spec = None
    return module if spec is None or spec.origin is None else spec.origin
