"""The picture of a study: its points, the fitted laws, and in a strip above them what has no number.

Drawn by matplotlib, which is imported here alone and only when a picture is asked for.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mfbench.fits import Curve
from mfbench.labels import one_line, plain
from mfbench.report.figures import figure
from mfbench.report.studies import counted, interval
from mfbench.studies import findings as found
from mfbench.studies.findings import Findings, Fit, Point

SUFFIXES = ("svg", "png")
MARKERS = "osD^vPX*"
STATES = (
    found.NOT_REACHED,
    found.FAILED,
    found.NO_VALUE,
    found.UNSUPPORTED,
    found.MISSING,
    found.NOT_POSITIVE,
    found.BELOW_FLOOR,
)
"""What a value may be that has no place on the axes, as the strip shows them from below."""

INCHES = (8.0, 5.5)
"""Of a panel."""
COLUMNS = 2
"""Panels side by side."""
DOTS = 150
"""Of a PNG, in an inch."""
LONGEST = 48
"""Characters of an entry of a legend in two columns; longer ones are written below each other."""
MOST_TICKS = 12
"""Swept values have a tick each if there are no more."""


class NoPicture(Exception):
    """matplotlib is not installed."""


def draw(findings: Sequence[Findings]) -> dict[str, bytes]:
    """The picture of studies by suffix, a panel for each; the same findings give the same bytes.

    Raises:
        NoPicture: matplotlib is missing; the text says how to install it.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NoPicture(
            f"no picture: matplotlib cannot be imported ({error}); run: pip install 'mfbench[report]'"
        ) from error
    documents = {}
    settings: Any = {"svg.hashsalt": findings[0].study, "svg.fonttype": "path", "font.size": 9.0}
    for suffix, canvas in (("svg", FigureCanvasSVG), ("png", FigureCanvasAgg)):
        with matplotlib.rc_context(settings):
            columns = min(len(findings), COLUMNS)
            rows = -(-len(findings) // columns)
            picture = Figure(figsize=(columns * INCHES[0], rows * INCHES[1]), layout="constrained")
            canvas(picture)
            panels = (
                [picture] if len(findings) == 1 else picture.subfigures(rows, columns, squeeze=False).flat
            )
            for one, panel in zip(findings, panels, strict=False):
                _paint(one, panel)
            file = io.BytesIO()
            metadata = {"Date": None} if suffix == "svg" else {"Software": None}
            picture.savefig(file, format=suffix, dpi=DOTS, metadata=metadata)
        documents[suffix] = file.getvalue()
    return documents


def _paint(findings: Findings, picture: Any) -> None:
    silent = [
        state
        for state in STATES
        if any(point.state == state for point in findings.points if _placeless(point))
    ]
    if silent:
        strip, axes = picture.subplots(2, 1, sharex=True, height_ratios=(0.3 * len(silent) + 0.1, 4.0))
    else:
        strip, axes = None, picture.subplots()
    linear = findings.law == "exponential"
    axes.set_xscale("linear" if linear else "log")
    axes.set_yscale("log")
    for number, fit in enumerate(findings.fits):
        points = [point for point in findings.points if (point.arm, point.time) == (fit.arm, fit.time)]
        style = {"color": f"C{number % 10}", "marker": MARKERS[number % len(MARKERS)]}
        _points(axes, points, style, label=_label(findings, fit))
        _line(axes, findings, fit, points, style["color"])
        if strip is not None:
            _silent(
                strip,
                points,
                silent,
                (number - (len(findings.fits) - 1) / 2) / max(len(findings.fits), 2),
                style,
            )
    _theory(axes, findings)
    _joint(axes, findings)
    bottom, top = axes.get_ylim()
    wider = max(1.0, math.sqrt(10.0 * bottom / top))  # a decade at least, or what is flat looks steep
    axes.set_ylim(bottom / wider, top * wider)
    axes.set_xlabel(_text(findings.against))
    axes.set_ylabel(_text(f"{findings.quantity} ({findings.statistic})"))
    axes.grid(True, which="major", linewidth=0.3)
    handles, labels = axes.get_legend_handles_labels()
    columns = 2 if max(map(len, labels), default=0) <= LONGEST else 1
    picture.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8)
    xs = [point.x for point in findings.points if linear or point.x > 0]
    if xs:
        low, high = min(xs), max(xs)
        edge = 0.05 * (high - low or 1.0) if linear else (high / low) ** 0.05 if high > low else 2.0
        axes.set_xlim(*((low - edge, high + edge) if linear else (low / edge, high * edge)))
    values = sorted({point.value for point in findings.points})
    if not linear and findings.against == findings.swept.partition(".")[2] and len(values) <= MOST_TICKS:
        axes.set_xticks(values, [plain(value) for value in values])
        axes.set_xticks([], minor=True)
    if strip is not None:
        strip.set_yticks(range(len(silent)), silent)
        strip.set_ylim(-0.6, len(silent) - 0.4)
        strip.tick_params(axis="x", which="both", bottom=False, labelbottom=False)
        strip.grid(True, which="major", axis="x", linewidth=0.3)
    (strip or axes).set_title(_text(f"{findings.study}: {findings.summary}"), fontsize=9, wrap=True)


def _placeless(point: Point) -> bool:
    """It has no number that logarithmic axes could show."""
    return point.y is None or point.y <= 0


def _text(text: str) -> str:
    """A stranger's text as matplotlib draws it: no formula, no control characters, and no name that a legend leaves out."""
    line = one_line(text).replace("$", r"\$")
    return f" {line}" if line.startswith("_") else line


def _label(findings: Findings, fit: Fit) -> str:
    name = fit.arm if fit.time is None else f"{fit.arm}, {findings.clock} {plain(fit.time)}"
    if fit.estimate is None:
        return f"{name}: no fit"
    symbol = "C" if findings.law == "amplitude" else "a"
    return f"{name}: {symbol} = {figure(fit.estimate)} {interval(fit)}".rstrip()


def _points(axes: Any, points: list[Point], style: dict[str, str], label: str) -> None:
    """Filled where they are fitted, open where not; bars from the smallest to the largest seed."""
    axes.plot([], [], linestyle="none", label=_text(label), **style)
    for point in points:
        if point.y is None or _placeless(point):
            continue
        fitted = point.state == found.USED
        low = point.y if point.low is None else max(point.low, 0.1 * point.y)
        axes.errorbar(
            [point.x],
            [point.y],
            yerr=[[max(point.y - low, 0.0)], [max((point.high or point.y) - point.y, 0.0)]],
            markerfacecolor=style["color"] if fitted else "white",
            markersize=5,
            elinewidth=0.8,
            capsize=2,
            **style,
        )
        if counted(point) < point.trials:
            axes.annotate(
                f"{counted(point)}/{point.trials}",
                (point.x, point.y),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=7,
            )


def _line(axes: Any, findings: Findings, fit: Fit, points: list[Point], colour: str) -> None:
    """The law over the values that took part."""
    xs = [point.x for point in points if point.state == found.USED]
    if fit.amplitude is None or fit.exponent is None or not xs:
        return
    spaced = np.linspace if findings.law == "exponential" else np.geomspace
    x = spaced(min(xs), max(xs), 60)
    curve = Curve(findings.law, 0.0, fit.amplitude, fit.exponent, fit.floor or 0.0, np.empty(0))
    axes.plot(x, curve.at(x), color=colour, linewidth=1.0)


def _theory(axes: Any, findings: Findings) -> None:
    """For power laws: each predicted slope once, through the first points that it is said of; constants as they are."""
    drawn: set[float] = set()
    for fit in findings.fits:
        used = [
            p for p in findings.points if (p.arm, p.time) == (fit.arm, fit.time) and p.state == found.USED
        ]
        known = [one for one in fit.judgements if not one.unit]  # what is in an unknown unit has no place
        for one in known if findings.law == "amplitude" and used else ():
            x = np.array([point.x for point in used])
            label = None if drawn else "theory, for each arm"
            axes.plot(
                x,
                one.value * x ** (fit.exponent or 0.0),
                color="0.4",
                linestyle="--",
                linewidth=0.9,
                label=label,
            )
            drawn.add(one.value)
        for one in known if findings.law == "power" and used else ():
            if one.value in drawn:
                continue
            drawn.add(one.value)
            x = np.array([point.x for point in used])
            logs = [math.log(point.y or 1.0) - one.value * math.log(point.x) for point in used]
            y = math.exp(sum(logs) / len(logs)) * x**one.value
            label = f"theory{f' ({one.name})' if one.name else ''}: {one.value:.4g}"
            axes.plot(x, y, color="0.4", linestyle="--", linewidth=0.9, label=_text(label))


def _joint(axes: Any, findings: Findings) -> None:
    """The joint law at the points of every arm, with its verdict."""
    if findings.joint is None:
        return
    label: str | None = _text(f"joint {findings.joint.formula}: {findings.joint.verdict}")
    for arm in dict.fromkeys(one.arm for one in findings.joint.shares):
        shares = [one for one in findings.joint.shares if one.arm == arm and one.law > 0]
        axes.plot(
            [one.x for one in shares], [one.law for one in shares],
            color="black", linestyle=":", linewidth=1.2, label=label,
        )  # fmt: skip
        label = None


def _silent(strip: Any, points: list[Point], silent: list[str], shift: float, style: dict[str, str]) -> None:
    """An open marker for every value without a number, in the row of its reason."""
    for row, state in enumerate(silent):
        xs = [point.x for point in points if point.state == state and _placeless(point)]
        strip.plot(
            xs,
            [row + 0.8 * shift] * len(xs),
            linestyle="none",
            markerfacecolor="white",
            markersize=4,
            **style,
        )
