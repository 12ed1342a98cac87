"""All about one study: a view of `mfbench show NAME`."""

from __future__ import annotations

from mfbench.labels import plain
from mfbench.report.pages import definition
from mfbench.report.sheets import Chapter, Sheet, without_empty_columns
from mfbench.report.terminal import WIDTH, print_chapters
from mfbench.study import Arm, Prediction, StudyEntry
from mfbench.study_contract import abscissa_name

FORMULAS = {
    "power": "y = C x^a",
    "power-with-floor": "y = L + C x^a",
    "exponential": "y = C e^(a x)",
    "amplitude": "y = C x^a",
}
"""Laws as people write them."""


def show_study(entry: StudyEntry, *, terminal: bool = False, width: int = WIDTH) -> str:
    """A study: its question, its design, what is fitted and what theory says of it.

    Args:
        entry: the study.
        terminal, width: see `terminal.print_chapters`.
    """
    sheets = [
        definition(
            ("what it asks", entry.summary),
            ("swept", f"{entry.swept} = {', '.join(map(plain, entry.values))}"),
            ("measured", f"{entry.quantity}, {entry.statistic} over {entry.seeds} seeds"),
            (
                "read at",
                f"{entry.clock} = {', '.join(map(plain, entry.times))}" if entry.times else "",
            ),
            ("fitted", law(entry)),
            ("fitted to all arms", joint(entry)),
            ("limit", f"{entry.limit.solver} on {entry.limit.problem}" if entry.limit else ""),
            ("run together as", entry.group),
            ("intervals", f"{entry.confidence:.0%} for all of them together, bootstrap over seeds"),
            ("trials", f"{number_of_trials(entry)} of {entry.budget:g} s at most"),
            ("source", entry.source),
        ),
        _arms(entry),
    ]
    return print_chapters([Chapter(title=entry.name, sheets=tuple(sheets))], terminal=terminal, width=width)


def number_of_trials(entry: StudyEntry) -> int:
    """Of all arms and values, and of the limit."""
    return (len(entry.arms) * len(entry.values) + (entry.limit is not None)) * entry.seeds


def law(entry: StudyEntry) -> str:
    """The law with what it is a function of, and the number that is fitted."""
    fitted = f"C, with a = {entry.exponent:g}" if entry.law == "amplitude" else "a"
    return f"{fitted} in {FORMULAS[entry.law]}, x = {abscissa_name(entry)}"


def joint(entry: StudyEntry) -> str:
    """The joint law with the signs that theory says; "" for none."""
    if not entry.joint:
        return ""
    signs = [term.name for term in entry.joint if term.positive]
    said = f"; theory: the coefficients of {', '.join(signs)} are above zero" if signs else ""
    return f"y = {' + '.join(term.name for term in entry.joint)}{said}"


def _arms(entry: StudyEntry) -> Sheet:
    header = ("arm", "solver", "problem", "tied to the swept value", "theory: consistent inside")
    lines = tuple(
        (
            arm.name,
            arm.solver if arm.label else "",
            arm.problem,
            ", ".join(arm.tied),
            "; ".join(map(prediction, predictions(entry, arm))),
        )
        for arm in entry.arms
    )
    return without_empty_columns(Sheet(caption="Arms", header=header, words=frozenset(header), lines=lines))


def predictions(entry: StudyEntry, arm: Arm) -> tuple[Prediction, ...]:
    """What theory says of an arm."""
    return arm.predictions or entry.predictions


def prediction(one: Prediction) -> str:
    """A prediction with its band: "CLT: -1 in [-1.15, -0.85]", or "1 in [0.9, 1.1] times excess_limit"."""
    text = f"{one.value:.4g} in [{one.low:.4g}, {one.high:.4g}]"
    if one.unit:
        text += f" times {one.unit}"
    return f"{one.name}: {text}" if one.name else text
