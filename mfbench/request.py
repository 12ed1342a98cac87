"""What a user asks for, from the command line or from a TOML suite: one form for both."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mfbench.contract import PRESETS
from mfbench.names import NameProblem, Selector, parse_selector, suggestion
from mfbench.parameters import ParameterError
from mfbench.record import LONGEST_BUDGET, MOST_MEMORY_MB
from mfbench.strangers import read_file
from mfbench.units import duration

DEVICES = ("auto", "cpu", "cuda")

MOST_SEEDS = 10**6
"""Repetitions: a plan lists every trial before the first one runs."""

MOST_JOBS = 10**4
"""Trials at the same time, and cores of one."""

MOST_SUITE = 2**16
"""Bytes of a suite file."""

MOST_DOTS = 1000
"""Dots in one line of a suite: reading a dotted key takes a time that grows with the square of its parts."""

MOST_POINTS = 10**5
"""Points of one grid of parameters: a dozen lists of ten make a million millions."""


class BadRequest(ValueError):
    """A request that cannot be carried out; the text says where, what was got and what is allowed."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What to run.

    Args:
        problems, solvers: selectors; empty means everything, if `everything` is true.
        everything: `--all`.
        seeds: repetitions 0 ... seeds - 1; None: the preset's number.
        budget: seconds of a trial; None: the preset's.
        device: "auto" (the best that both machine and solver have), "cpu" or "cuda".
        jobs: trials at the same time; None: as many as the cores allow.
        threads: cores of a trial.
        memory_mb: memory limit of a trial.
        preset: "quick", "standard" or "full".
        output: results folder; None: the default.
        executor: where trials run, NAME[key=value,...]; scheduler: its option of that name, if given.
        sources: field -> the suite file that it was read from; for messages.
    """

    problems: tuple[Selector, ...] = ()
    solvers: tuple[Selector, ...] = ()
    everything: bool = False
    seeds: int | None = None
    budget: float | None = None
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1
    memory_mb: int = 8192
    preset: str = "quick"
    output: str | None = None
    executor: str = "local"
    scheduler: str | None = None
    sources: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in ("seeds", "jobs", "threads", "memory_mb"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = name.removesuffix("_mb")
                raise BadRequest(f"{option}: got {value}; expected a whole number >= 1.")
        if self.seeds is not None and self.seeds > MOST_SEEDS:
            raise BadRequest(f"seeds: got {self.seeds}; expected at most {MOST_SEEDS}.")
        for name in ("jobs", "threads"):
            if (getattr(self, name) or 0) > MOST_JOBS:
                raise BadRequest(f"{name}: got more than {MOST_JOBS}; expected at most that.")
        if self.memory_mb > MOST_MEMORY_MB:
            raise BadRequest(f"memory: got {self.memory_mb}; expected at most {MOST_MEMORY_MB} (MB).")
        if self.budget is not None and not 0 < self.budget < math.inf:
            raise BadRequest(f"budget: got {self.budget}; expected seconds above zero.")
        if self.budget is not None and self.budget > LONGEST_BUDGET:
            raise BadRequest(f"budget: got {self.budget:g} s; expected at most {LONGEST_BUDGET:g} s, a year.")
        if self.preset not in PRESETS:
            raise BadRequest(f"preset: got {self.preset!r}; expected one of {', '.join(PRESETS)}.")
        if self.device not in DEVICES:
            raise BadRequest(f"device: got {self.device!r}; expected one of {', '.join(DEVICES)}.")

    @contextmanager
    def naming(self, field: str) -> Iterator[None]:
        """Have errors on a field say which suite file it was read from; the command line needs no name.

        Raises:
            BadRequest: for a NameProblem, ParameterError or BadRequest inside.
        """
        try:
            yield
        except (NameProblem, ParameterError, BadRequest) as error:
            if field not in self.sources:
                raise
            raise BadRequest(f"{self.sources[field]}: {error}") from error


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `[[problem]]` or `[[solver]]` table of a suite: a name glob and a grid of parameters."""

    name: str
    parameters: dict[str, Any] = {}

    def selectors(self) -> list[Selector]:
        """One selector for each point of the grid: every value that is a list is swept."""
        names = list(self.parameters)
        for name, value in self.parameters.items():
            if value == []:
                raise BadRequest(f"{self.name!r}: parameter {name!r} has no values to sweep.")
        points = math.prod(len(value) for value in self.parameters.values() if isinstance(value, list))
        if points > MOST_POINTS:
            raise BadRequest(
                f"{self.name!r}: its grid has {points:.3g} points; expected at most {MOST_POINTS}."
            )
        axes = [value if isinstance(value, list) else [value] for value in self.parameters.values()]
        glob = parse_selector(self.name)
        if glob.parameters and names:
            raise BadRequest(f"{self.name!r} has parameters in brackets and in a table; use one of them.")
        return [
            Selector(glob.glob, glob.parameters | dict(zip(names, point, strict=True)))
            for point in itertools.product(*axes)
        ]


class Suite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A suite file: the options of `mfbench run` by their long names."""

    problem: list[str | Choice] = []
    solver: list[str | Choice] = []
    all: bool = False
    seeds: int | None = None
    budget: str | float | None = None
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1
    memory: int = 8192
    preset: str = "quick"
    output: str | None = None
    executor: str = "local"
    scheduler: str | None = None


def read_suite(path: Path, given: Mapping[str, Any]) -> Request:
    """The request of a suite file; options given on the command line win.

    Args:
        path: a TOML file.
        given: fields of `Request` that the command line sets.

    Raises:
        BadRequest: unreadable, not TOML, unknown keys, wrong types or values.
    """
    try:
        document = read_toml(path)
        check_keys(document)
        suite = msgspec.convert(document, Suite)
        fields: dict[str, Any] = {
            "problems": _selectors(suite.problem),
            "solvers": _selectors(suite.solver),
            "everything": suite.all or bool(suite.problem or suite.solver),
            "seeds": suite.seeds,
            "budget": read_budget(suite.budget) if isinstance(suite.budget, str) else suite.budget,
            "device": suite.device,
            "jobs": suite.jobs,
            "threads": suite.threads,
            "memory_mb": suite.memory,
            "preset": suite.preset,
            "output": suite.output,
            "executor": suite.executor,
            "scheduler": suite.scheduler,
        }
        Request(**fields)  # alone: what is wrong on the command line is not the file's fault
    except RecursionError:
        raise BadRequest(f"{path}: tables or lists are nested without end; expected a suite.") from None
    except (OSError, msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BadRequest(f"{path}: {error}") from error
    sources = {field: str(path) for field in fields if field not in given}
    return Request(**(fields | dict(given)), sources=sources)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML document, also a stranger's.

    Raises:
        OSError: it cannot be read; ValueError: not TOML, or longer than any suite; RecursionError: nested too deeply.
    """
    text = read_file(path, MOST_SUITE).decode()
    if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
        raise ValueError(f"a line has more than {MOST_DOTS} dots; break it.")
    return tomllib.loads(text)


def read_budget(text: str) -> float:
    """Seconds of a budget as people type it.

    Raises:
        BadRequest: with what was got and what is allowed.
    """
    try:
        return duration(text)
    except ValueError as error:
        raise BadRequest(f"budget: {error}") from error


def check_keys(document: Mapping[str, Any]) -> None:
    """Refuse keys that a suite, or a problem or solver in it, does not have.

    Raises:
        BadRequest: with the place, the key and the nearest ones.
    """
    _check_table("", document, Suite)
    for kind in ("problem", "solver"):
        choices = document.get(kind)
        for number, choice in enumerate(choices if isinstance(choices, list) else [], start=1):
            _check_table(f"{kind} {number}: ", choice, Choice)


def _check_table(where: str, table: Any, kind: type[msgspec.Struct]) -> None:
    known = kind.__struct_fields__
    for key in table if isinstance(table, dict) else ():
        if key not in known:
            raise BadRequest(f"{where}unknown key {key!r}; {suggestion(key, known)}")


def _selectors(choices: list[str | Choice]) -> tuple[Selector, ...]:
    return tuple(
        selector
        for choice in choices
        for selector in ([parse_selector(choice)] if isinstance(choice, str) else choice.selectors())
    )
