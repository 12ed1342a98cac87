"""What a study found, as text: for a terminal, a page, or a machine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from mfbench.labels import cell, escaped, plain
from mfbench.report.figures import NOT_REACHED, UNKNOWN, bounds, figure
from mfbench.report.joint import joint_fits, joint_note, joint_sheets
from mfbench.report.sheets import Chapter, Sheet, without_empty_columns
from mfbench.report.study_page import FORMULAS
from mfbench.report.terminal import WIDTH
from mfbench.studies import findings as found
from mfbench.studies.findings import Findings, Fit, Judgement, Point
from mfbench.studies.verdicts import BENT, CONSISTENT, NOT_CONSISTENT, UNTESTED

FORMATS = ("rich", "markdown", "json", "csv")

LACKING = ("failed", "not_reached", "unsupported", "missing", "no_value")
"""Counts of trials without a number: fields of points and fits."""

WORDS = {"not_reached": "not reached", "missing": "not run", "no_value": "without a value"}


def render(findings: Sequence[Findings], style: str, *, terminal: bool = False, width: int = WIDTH) -> str:
    """The findings of studies in one of `FORMATS`; CSV has a line for each fit and prediction.

    JSON is that of the study, or an array of those of several.

    Raises:
        ValueError: an unknown format.
    """
    match style:
        case "rich":
            from mfbench.report.terminal import print_chapters

            return print_chapters([chapter(one) for one in findings], terminal=terminal, width=width)
        case "markdown":
            from mfbench.report.paper import markdown

            return markdown([chapter(one) for one in findings])
        case "json":
            return document(findings[0] if len(findings) == 1 else findings).decode()
        case "csv":
            return _csv(findings)
    raise ValueError(f"format {style!r}; expected one of {', '.join(FORMATS)}.")


def document(findings: Findings | Sequence[Findings]) -> bytes:
    """Findings as JSON."""
    text = msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()
    return (escaped(text) + "\n").encode()


def chapter(findings: Findings) -> Chapter:
    """A table of fits, one of points, and how to read them."""
    return Chapter(
        title=f"{findings.study}: {findings.summary}",
        sheets=(
            _fit_sheet(findings),
            *(joint_sheets(findings.joint) if findings.joint else ()),
            _point_sheet(findings),
        ),
        notes=tuple(_notes(findings)),
    )


def number_name(findings: Findings) -> str:
    """What the fitted number is called."""
    return "constant C" if findings.law == "amplitude" else "exponent a"


def _fit_sheet(findings: Findings) -> Sheet:
    lines: list[tuple[str, ...]] = []
    best: set[int] = set()
    failed: set[int] = set()
    for fit in findings.fits:
        for number, judgement in enumerate(fit.judgements or (None,)):
            if judgement is not None and judgement.verdict == CONSISTENT:
                best.add(len(lines))
            if fit.estimate is None or (judgement is not None and judgement.verdict == NOT_CONSISTENT):
                failed.add(len(lines))
            lines.append(_fit_line(findings, fit, judgement, first=number == 0))
    header = (
        "arm",
        findings.clock,
        "values",
        "trials",
        "left out",
        number_name(findings),
        "interval",
        "theory",
        "verdict",
    )
    return without_empty_columns(
        Sheet(
            caption=f"Fitted: {FORMULAS[findings.law]}, y = {findings.quantity}, x = {findings.against}",
            header=header,
            words=frozenset({"arm", "left out", "interval", "theory", "verdict"}),
            lines=tuple(lines),
            best=frozenset(best),
            failed=frozenset(failed),
        )
    )


def _fit_line(findings: Findings, fit: Fit, judgement: Judgement | None, first: bool) -> tuple[str, ...]:
    if judgement is None:
        theory, verdict = UNKNOWN, fit.reason
    else:
        theory = f"{judgement.name} {_short(judgement.value)} in [{_short(judgement.low)}, {_short(judgement.high)}]"
        theory += f" times {judgement.unit}" if judgement.unit else ""
        verdict = f"{judgement.verdict}: {judgement.because}" if judgement.because else judgement.verdict
    if not first:
        return (UNKNOWN,) * 7 + (theory, verdict)
    estimate = "none" if fit.estimate is None else figure(fit.estimate)
    return (
        fit.arm,
        UNKNOWN if fit.time is None else plain(fit.time),
        f"{fit.used}/{fit.values}",
        str(fit.trials),
        lacking(fit),
        estimate,
        interval(fit),
        theory,
        verdict,
    )


def interval(fit: Fit) -> str:
    """ "[-1.09, -0.92]"; "" where there is none."""
    return bounds(fit.low, fit.high) if fit.interval else UNKNOWN


def lacking(counted: Fit | Point) -> str:
    """Trials without a number, by reason: "2 failed, 1 not reached"."""
    counts = ((name, getattr(counted, name)) for name in LACKING)
    return ", ".join(f"{number} {WORDS.get(name, name)}" for name, number in counts if number)


def counted(point: Point) -> int:
    """Trials with a finite number; a statistic of costs is of the infinite ones, too."""
    lost: int = sum(getattr(point, name) for name in LACKING)
    return point.trials - lost


def _point_sheet(findings: Findings) -> Sheet:
    lines: list[tuple[str, ...]] = []
    above: tuple[str, float | None] | None = None
    swept = findings.swept.partition(".")[2]
    for point in findings.points:
        same, above = above == (point.arm, point.time), (point.arm, point.time)
        shown = point.low is not None or point.high is not None
        lines.append(
            (
                UNKNOWN if same else point.arm,
                UNKNOWN if same or point.time is None else plain(point.time),
                plain(point.value),
                figure(point.x) if findings.against != swept else UNKNOWN,
                point.state if point.y is None else figure(point.y),
                f"{_or(point.low)} .. {_or(point.high)}" if shown else UNKNOWN,
                f"{counted(point)}/{point.trials}",
                lacking(point),
                UNKNOWN if point.state == found.USED or point.y is None else point.state,
                point.sentence,
            )
        )
    header = (
        "arm",
        # A law of the clock has its times as x; one column has the name already.
        findings.clock if findings.clock != findings.against else "read at",
        swept,
        findings.against if findings.against != swept else "x",  # one column has the name already
        findings.statistic,
        "range",
        "seeds",
        "without a number",
        "not fitted",
        "what became of the first of them",
    )
    return without_empty_columns(
        Sheet(
            caption="Points",
            header=header,
            words=frozenset({"arm", "range", "without a number", "not fitted", header[-1]}),
            spare=(header[-1],),
            lines=tuple(lines),
            failed=frozenset(i for i, point in enumerate(findings.points) if point.state != found.USED),
        )
    )


def _notes(findings: Findings) -> Iterable[str]:
    fits = len(findings.fits)
    joint = f"; {findings.each:.2%} each, so that all {fits} hold together" if fits > 1 else ""
    yield (
        f"interval: {findings.confidence:.0%}{joint}; bootstrap over seeds. "
        f"{findings.seeds} {'seed' if findings.seeds == 1 else 'seeds'}, {findings.budget:g} s a trial."
    )
    if any(fit.judgements for fit in findings.fits):
        yield (
            "consistent: the whole interval lies in the band of theory and all values took part; not consistent: it lies "
            "outside; else there is not enough data."
        )
    if any(fit.failed or fit.not_reached for fit in findings.fits):
        yield (
            "Trials without a number are left out with their count; a cost that failed or did not reach the target is "
            "infinite instead, and a value whose median is infinite takes no part in the fit."
        )
    if findings.joint is not None:
        yield joint_note(findings.joint)
    for fit in findings.fits:
        where = fit.arm if fit.time is None else f"{fit.arm} at {findings.clock} {plain(fit.time)}"
        if fit.reason and fit.judgements:
            continue  # the verdict says it
        if fit.floor:
            yield f"{where}: L = {figure(fit.floor)}, C = {figure(fit.amplitude or 0.0)}."
        if fit.bend is not None and fit.bend < BENT:
            yield (
                f"{where}: the points bend away from the law (lack of fit, p = {figure(fit.bend, 2)}); its number is a mean "
                "over them."
            )
        elif fit.estimate is not None and fit.bend is None:
            yield f"{where}: untested whether the law holds: {UNTESTED}."


def _csv(findings: Sequence[Findings]) -> str:
    text = io.StringIO()
    fields = [field for field in Fit.__struct_fields__ if field != "judgements"]
    judged = ["name", "value", "low", "high", "verdict", "because"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["study", "quantity", "law", *fields, *(f"prediction.{name}" for name in judged)])
    for one in findings:
        for fit in one.fits:
            for judgement in fit.judgements or (None,):
                row = [one.study, one.quantity, one.law, *(getattr(fit, field) for field in fields)]
                row += [getattr(judgement, name, "") for name in judged]
                writer.writerow([cell(value) if isinstance(value, str) else value for value in row])
        for fit in joint_fits(one.joint) if one.joint else ():
            row = [one.study, one.quantity, "joint", *(getattr(fit, field) for field in fields)]
            writer.writerow(
                [cell(value) if isinstance(value, str) else value for value in (*row, *[""] * len(judged))]
            )
    return text.getvalue()


def _or(number: float | None) -> str:
    return NOT_REACHED if number is None else figure(number, 2)


def _short(number: float) -> str:
    return f"{number:.4g}"
