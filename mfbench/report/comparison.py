"""A verdict as text: for a terminal, a pull request, or a machine."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mfbench.gates import QUANTITIES
from mfbench.labels import label
from mfbench.report.figures import NOT_REACHED, UNKNOWN, figure
from mfbench.report.sheets import Chapter, Sheet, without_empty_columns
from mfbench.report.terminal import WIDTH
from mfbench.verdict import CellVerdict, Effect, Reading, Verdict

FORMATS = ("rich", "markdown", "json")


def render(verdict: Verdict, style: str, *, terminal: bool = False, width: int = WIDTH) -> str:
    """The verdict in one of `FORMATS`; JSON holds all of it, with every pair.

    Raises:
        ValueError: an unknown format.
    """
    match style:
        case "rich":
            from mfbench.report.terminal import print_chapters

            return print_chapters([chapter(verdict)], terminal=terminal, width=width)
        case "markdown":
            from mfbench.report.paper import markdown

            return markdown([chapter(verdict)])
        case "json":
            document = {"regressed": verdict.regressed, **msgspec.to_builtins(verdict)}
            return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
    raise ValueError(f"format {style!r}; expected one of {', '.join(FORMATS)}.")


def chapter(verdict: Verdict) -> Chapter:
    """One table of cells, and what to know."""
    bad = sum(bool(cell.regressions) for cell in verdict.cells)
    title = f"Regression in {bad} of {len(verdict.cells)} cells" if bad else "No regression"
    return Chapter(title=title, sheets=tuple(_sheets(verdict)), notes=tuple(_notes(verdict)))


def _sheets(verdict: Verdict) -> Iterable[Sheet]:
    lines: list[tuple[str, ...]] = []
    failed: set[int] = set()
    best: set[int] = set()
    for cell in verdict.cells:
        for number, reading in enumerate(filter(None, (cell.first, cell.second))):
            if cell.regressions:
                failed.add(len(lines))
            elif any(_judged(reading, quantity) == "better" for quantity in QUANTITIES):
                best.add(len(lines))
            lines.append(_line(cell, reading, number, verdict.looks))
    yield without_empty_columns(
        Sheet(
            caption="Head over base, above 1 is worse",
            header=("problem", "solver", "look", "accuracy", "cost", "seeds", "status", "verdict"),
            words=frozenset({"problem", "solver", "accuracy", "cost", "status", "verdict"}),
            lines=tuple(lines),
            failed=frozenset(failed),
            best=frozenset(best),
        )
    )
    if verdict.absent:
        yield Sheet(
            caption="Not compared: no regression",
            header=("what",),
            words=frozenset({"what"}),
            lines=tuple((sentence,) for sentence in verdict.absent),
        )


def _line(cell: CellVerdict, reading: Reading, number: int, looks: int) -> tuple[str, ...]:
    same = reading.base_status == reading.head_status
    return (
        label(cell.problem, cell.problem_parameters) if number == 0 else UNKNOWN,
        label(cell.solver, cell.parameters) if number == 0 else UNKNOWN,
        str(number + 1) if looks > 1 else UNKNOWN,
        _effect(reading, "accuracy"),
        _effect(reading, "cost"),
        str(len(reading.pairs)),
        reading.head_status
        if same
        else f"{reading.base_status or 'none'} -> {reading.head_status or 'none'}",
        _words(cell, reading, last=number == 1 or cell.second is None),
    )


def _effect(reading: Reading, quantity: str) -> str:
    effect = reading.effect(quantity)
    if effect is None:
        return "not compared"
    return (
        f"{_factor(effect.ratio, effect)} [{_factor(effect.low)}, {_factor(effect.high)}] {effect.judgement}"
    )


def _factor(value: float | None, effect: Effect | None = None) -> str:
    if value is None:
        # A mean of which some ratios are infinite on either side is none.
        return "?" if effect is not None and effect.low == 0.0 and effect.high is None else NOT_REACHED
    return figure(value)


def _judged(reading: Reading, quantity: str) -> str:
    effect = reading.effect(quantity)
    return "" if effect is None else effect.judgement


def _words(cell: CellVerdict, reading: Reading, last: bool) -> str:
    if not last:
        return f"seems worse: {', '.join(reading.suspects)}"
    if cell.regressions:
        return f"REGRESSION: {', '.join(cell.regressions)}"
    return "not confirmed" if cell.second is not None else "ok"


def _notes(verdict: Verdict) -> Iterable[str]:
    yield f"base: {verdict.base}"
    yield f"head: {verdict.head}"
    gates = [f"{q} +{figure(100 * (limit - 1))} %" for q in QUANTITIES if (limit := verdict.gates.limit(q))]
    yield f"Fails on: a seed lost where base fails none{''.join(f', {gate}' for gate in gates)}."
    interval = "bootstrap" if verdict.looks > 1 else "Student's"
    accuracy = "at the budget" if verdict.looks > 1 else "at equal counted work"
    again = ", and again for fresh seeds" if verdict.looks > 1 else ""
    yield (
        f"accuracy: headline error {accuracy}; cost: seconds, set-up included, to an error that both reach. "
        f"Geometric mean over seeds [{interval} interval, {verdict.confidence:.2%}]. loss: the mean is beyond the gate "
        f"and the interval above 1; a regression is a loss{again}."
    )
    if any(_judged(cell.first, quantity) == "unclear" for cell in verdict.cells for quantity in QUANTITIES):
        yield "unclear: the interval holds both 1 and a loss beyond the gate; more seeds or rounds would tell."
    for cell in verdict.cells:
        name = f"{label(cell.problem, cell.problem_parameters)} {label(cell.solver, cell.parameters)}"
        for quantity, reason in cell.first.silent.items():
            yield f"{name}: {quantity} not compared: {reason}."
        for note in cell.notes:
            yield f"{name}: {note}."
    yield from verdict.notes
