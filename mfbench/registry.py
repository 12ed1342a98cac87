"""Discovery: which problems, solvers, executors and studies there are, where they come from, what is broken.

Each plugin is loaded into a plugin manager of its own: so every entry is known by the file it
comes from, and a plugin that raises breaks nothing else.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from mfbench.contract import PluginError, check_entry, offered
from mfbench.placement import LOCAL, ExecutorEntry
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.sources import source
from mfbench.study import StudyEntry

GROUP = "mfbench"


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
    executors: dict[str, ExecutorEntry] = field(default_factory=dict)
    studies: dict[str, StudyEntry] = field(default_factory=dict)
    origins: dict[str | tuple[str, str], Origin] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def add(self, origin: Origin, module: ModuleType) -> None:
        """Take a plugin's entries; one bad entry is listed as broken, the others stay."""
        for entry in offered(module):
            try:
                self._add_entry(origin, entry)
            except Exception as error:  # parameters and facts are a stranger's code
                self.broken.append(Broken(origin, _reason(error, origin)))

    def _add_entry(self, origin: Origin, entry: Any) -> None:
        kind = check_entry(entry)
        key: str | tuple[str, str] = entry.name
        if kind in ("solver", "study"):  # what a solver, or a place, is called a study may be called too
            key = (entry.task if kind == "solver" else kind, entry.name)
        if key in self.origins:
            raise PluginError(
                f"{kind} name {entry.name!r} is already offered by {self.origins[key]}. Rename one."
            )
        self.origins[key] = origin
        if isinstance(entry, ProblemEntry):
            self.problems[entry.name] = entry
        elif isinstance(entry, ExecutorEntry):
            self.executors[entry.name] = entry
        elif isinstance(entry, StudyEntry):
            self.studies[entry.name] = entry
        else:
            self.solvers[entry.task, entry.name] = entry

    def sorted(self) -> Registry:
        """The same registry with entries in the order of their names."""
        self.problems = dict(sorted(self.problems.items()))
        self.solvers = dict(sorted(self.solvers.items()))
        self.executors = dict(sorted(self.executors.items()))
        self.studies = dict(sorted(self.studies.items()))
        return self


def load_registry(plugin_files: Iterable[str | Path] = ()) -> Registry:
    """Discover the plugins of the entry-point group `mfbench` and the given files."""
    registry = Registry()
    registry._add_entry(Origin("local", str(source(LOCAL.open.partition(":")[0])), "mfbench"), LOCAL)
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    for point in points:
        distribution = point.dist.name if point.dist is not None else None
        origin = Origin(point.name, str(source(point.module) or point.module), distribution)
        _try_add(registry, origin, partial(importlib.import_module, point.module))
    for file in dict.fromkeys(Path(path).resolve() for path in plugin_files):
        _try_add(registry, Origin(file.name, str(file)), partial(load_file, file))
    return registry.sorted()


def _try_add(registry: Registry, origin: Origin, load: Callable[[], ModuleType]) -> None:
    try:
        registry.add(origin, load())
    except (Exception, SystemExit) as error:  # a stranger's module may raise anything
        registry.broken.append(Broken(origin, _reason(error, origin)))


def _reason(error: BaseException, origin: Origin) -> str:
    """What went wrong, with the plugin's line if it raised."""
    if isinstance(error, PluginError):
        return str(error)
    text = f"{type(error).__name__}: {error}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == origin.file
    ]
    return f"{text} (line {lines[-1]})" if lines else text


def load_file(file: Path) -> ModuleType:
    """Import a plugin file as a module of its stem's name, once per process.

    Its folder is not put on the import path. "module:function" strings of its entries name
    the module by the file's stem.

    Raises:
        PluginError: a missing file, or a stem that another module already has.
    """
    known = sys.modules.get(file.stem)
    if known is not None:
        if getattr(known, "__file__", None) == str(file):
            return known
        raise PluginError(f"a module named {file.stem!r} is already imported; rename the file {file.name}.")
    other = source(file.stem)
    if other is not None and other != file:
        raise PluginError(f"it would hide the module {other}; rename the file {file.name}.")
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
