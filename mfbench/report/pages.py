"""All about one entry: the views of `mfbench show NAME`."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Sequence
from typing import Any, get_type_hints

from mfbench.labels import label, one_line
from mfbench.reference import Reference
from mfbench.report.figures import figure
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.terminal import WIDTH, print_chapters
from mfbench.solver import NoParameters, ProblemEntry, SolverEntry


def show_problem(
    entry: ProblemEntry,
    references: Sequence[Reference] = (),
    parameters: Any = None,
    metric: str = "",
    *,
    terminal: bool = False,
    width: int = WIDTH,
) -> str:
    """A problem: definition, true answers with error bars, parameters, standard instances.

    Args:
        entry: the family.
        references: of the judge of one instance, the headline's first.
        parameters: of that instance; None for the defaults.
        metric: the judge's headline metric, in which the targets are; empty where it has no judge.
        terminal, width: see `terminal.print_chapters`.
    """
    chosen = entry.parameters() if parameters is None else parameters
    facts = entry.facts(chosen)
    targets = ", ".join(figure(target, 1) for target in entry.targets)
    instance = label(entry.name, dataclasses.asdict(chosen))
    sheets = [
        definition(
            ("what it is", entry.summary),
            ("formula", inspect.cleandoc(entry.formula)),
            ("instance", instance),
            ("dimension", str(facts.dim)),
            ("properties", ", ".join(sorted(facts.flags))),
            ("targets", f"{metric} {targets}" if metric else targets),
            ("source", entry.source),
        ),
        *_reference_sheets(f"True answers of {instance}", references),
        *parameter_sheets(entry.parameters),
        *_instance_sheets(entry),
    ]
    return print_chapters([Chapter(title=entry.name, sheets=tuple(sheets))], terminal=terminal, width=width)


def show_solver(
    entry: SolverEntry,
    reason: str | None = None,
    distribution: str | None = "mfbench",
    *,
    terminal: bool = False,
    width: int = WIDTH,
) -> str:
    """A solver: what it does, where it comes from, what it needs, its parameters.

    Args:
        entry: the solver.
        reason: why it cannot run here, or None.
        distribution: the one whose extras it needs; None for a plugin file.
        terminal, width: see `terminal.print_chapters`.
    """
    extras = ", ".join(entry.extras)
    if extras and distribution is not None:
        extras += f" (pip install '{distribution}[{','.join(entry.extras)}]')"
    sheets = [
        definition(
            ("what it is", entry.summary),
            ("control", "learns nothing; stands in every table as a yardstick" if entry.control else ""),
            ("task", entry.task),
            ("state", "ok" if reason is None else f"missing: {one_line(reason)}"),
            ("devices", ", ".join(entry.devices)),
            ("extras", extras),
            ("runs", entry.run),
            ("source", entry.source),
        ),
        *parameter_sheets(entry.parameters),
    ]
    return print_chapters([Chapter(title=entry.name, sheets=tuple(sheets))], terminal=terminal, width=width)


def definition(*lines: tuple[str, str]) -> Sheet:
    """Two columns, term and text; empty texts are left out."""
    return Sheet(
        caption="",
        header=("term", "text"),
        words=frozenset({"term", "text"}),
        lines=tuple(line for line in lines if line[1]),
        bare=True,
    )


def parameter_sheets(kind: type) -> list[Sheet]:
    """The parameters with types and defaults; none for an entry without any."""
    if kind is NoParameters or not dataclasses.is_dataclass(kind):
        return []
    types = get_type_hints(kind)
    return [
        Sheet(
            caption="Parameters",
            header=("name", "type", "default"),
            words=frozenset({"name", "type", "default"}),
            lines=tuple(
                (
                    field.name,
                    getattr(types[field.name], "__name__", str(types[field.name])),
                    str(field.default),
                )
                for field in dataclasses.fields(kind)
            ),
        ),
        *_explanation(kind),
    ]


def _explanation(kind: type) -> list[Sheet]:
    text = inspect.cleandoc(kind.__doc__ or "")
    if text.startswith(f"{kind.__name__}("):  # written by dataclass itself; the table says as much
        return []
    return [Sheet(caption="", header=("text",), words=frozenset({"text"}), lines=((text,),), bare=True)]


def _instance_sheets(entry: ProblemEntry) -> list[Sheet]:
    lines = [
        (preset, label(entry.name, parameters))
        for preset, instances in entry.instances.items()
        for parameters in instances
    ]
    if not lines:
        return []
    header = ("preset", "instance")
    return [Sheet(caption="Standard instances", header=header, words=frozenset(header), lines=tuple(lines))]


def _reference_sheets(caption: str, references: Sequence[Reference]) -> list[Sheet]:
    if not references:
        return []
    header = ("quantity", "value", "method", "source")
    lines = tuple(
        (found.quantity, with_error(found.value, found.tolerance), found.method, found.source)
        for found in references
    )
    return [Sheet(caption=caption, header=header, words=frozenset(header), lines=lines)]


def with_error(value: float | None, tolerance: float) -> str:
    """A number with the digits that its error bar leaves it; a function has the bar alone.

    Examples:
        >>> with_error(1.23456e-5, 2e-8), with_error(None, 1e-5), with_error(0.25, 0.0)
        ('1.2346e-5 +/- 2e-8', '+/- 1e-5', '0.25 (exact)')
    """
    if value is None:
        return f"+/- {figure(tolerance, 1)}"
    if tolerance == 0:
        return f"{value:.12g} (exact)"
    magnitude = 0 if value == 0 else math.floor(math.log10(abs(value)))
    digits = min(max(magnitude - math.floor(math.log10(tolerance)) + 2, 2), 15)
    return f"{figure(value, digits)} +/- {figure(tolerance, 1)}"
