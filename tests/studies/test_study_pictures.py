"""The picture of a study, and its tables: what they show of trials without a number."""

from __future__ import annotations

import builtins
import re
import struct

import msgspec
import pytest

from mfbench.report import pictures
from mfbench.report.studies import render
from mfbench.studies.findings import Findings, Fit, Judgement, Point
from mfbench.study_folder import keep


def point(arm, x, y, **fields):
    counts = dict.fromkeys(("failed", "not_reached", "unsupported", "missing", "no_value"), 0)
    whole = {
        "time": None, "value": x, "state": "used", "low": y, "high": y, "seeds": 3, "by_seed": {}, "trials": 3,
        "floor": 0.0, "sentence": "",
    }  # fmt: skip
    return Point(arm=arm, x=x, y=y, **(whole | counts | fields))


def made(**fields):
    judgement = Judgement(name="CLT", value=-1.0, low=-1.1, high=-0.9, verdict="consistent")
    whole = {
        "study": "width", "summary": "Does it fall?", "source": "tests", "swept": "solver.width", "against": "width",
        "quantity": "error", "statistic": "mean", "law": "power", "clock": "seconds", "confidence": 0.95, "each": 0.975,
        "seeds": 3, "budget": 5.0,
        "points": (
            point("good", 8.0, 0.1, low=0.05, high=0.2),
            point("good", 16.0, 0.05, failed=1, seeds=2, sentence="it fell"),
            point("bad", 8.0, None, state="not reached", not_reached=3),
            point("bad", 16.0, None, state="unsupported", unsupported=3, seeds=0, sentence="too wide"),
        ),
        "fits": (
            Fit(arm="good", time=None, estimate=-1.0, low=-1.05, high=-0.95, interval=True, amplitude=0.8, exponent=-1.0,
                floor=0.0, used=2, values=2, least_seeds=2, trials=6, failed=1, bend=0.001, judgements=(judgement,)),
            Fit(arm="bad", time=None, used=0, values=2, trials=6, not_reached=3, unsupported=3, reason="no point to fit"),
        ),
    }  # fmt: skip
    return Findings(**(whole | fields))


def test_a_picture_names_what_it_shows():
    """Values without a number have a row for their reason. Texts stand as comments in an SVG."""
    pytest.importorskip("matplotlib")
    with_words = pictures.draw([made()])
    assert pictures.draw([made()]) == with_words
    assert with_words["png"][:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", with_words["png"][16:24])
    assert (width, height) == (1200, 825)
    text = with_words["svg"].decode()
    for words in (
        "not reached",
        "unsupported",
        "good: a = -1.00 [-1.05, -0.950]",
        "bad: no fit",
        "theory (CLT): -1",
        "2/3",
    ):
        assert f"<!-- {words} -->" in text
    figures = pictures.draw([made(points=made().points[:2], fits=made().fits[:1])])["svg"].decode()
    assert "<!-- not reached -->" not in figures


@pytest.mark.parametrize("length", [4, 30, 60])
def test_a_legend_stays_on_its_page(length):
    """Its frame is the first path of its group in an SVG; the page is 576 points wide."""
    pytest.importorskip("matplotlib")
    names = [letter * length for letter in "abcd"]
    points = tuple(point(name, 8.0, 0.1) for name in names)
    fits = tuple(msgspec.structs.replace(made().fits[0], arm=name) for name in names)
    text = pictures.draw([made(points=points, fits=fits)])["svg"].decode()
    frame = re.search(r'<g id="legend_1">.*? d="(.*?)"', text, re.DOTALL)[1]
    across = [float(number) for number in re.findall(r"[ML] (\S+) ", frame)]
    assert len(across) >= 4 and min(across) >= 0.0 and max(across) <= 576.0


def test_a_group_has_a_panel_for_each_study():
    """Three on two rows of two, the last one free."""
    pytest.importorskip("matplotlib")
    documents = pictures.draw([made(), made(study="other"), made(study="third")])
    assert struct.unpack(">II", documents["png"][16:24]) == (2 * 1200, 2 * 825)
    text = documents["svg"].decode()
    assert text.count("<!-- good: a = -1.00 [-1.05, -0.950] -->") == 3
    assert "<!-- other: " in text


@pytest.mark.parametrize("law", ["power-with-floor", "exponential", "amplitude"])
def test_every_law_has_a_picture(law):
    pytest.importorskip("matplotlib")
    assert pictures.draw([made(law=law)])["svg"].startswith(b"<?xml")


def test_there_is_a_picture_of_nothing():
    pytest.importorskip("matplotlib")
    assert pictures.draw([made(points=(), fits=made().fits[1:])])["svg"].startswith(b"<?xml")


def test_without_matplotlib_the_findings_are_kept(tmp_path, monkeypatch):
    imports = builtins.__import__

    def refuse(name, *arguments, **named):
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(f"No module named {name!r}")
        return imports(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    lines = list(keep("width", [made()], tmp_path / "studies"))
    assert lines[-1].endswith("run: pip install 'mfbench[report]'")
    assert [path.name for path in (tmp_path / "studies").iterdir()] == ["width.json"]


def test_a_table_says_what_was_left_out():
    text = " ".join(render([made()], "rich").split())
    assert "good 2/2 6 1 failed -1.00 [-1.05, -0.950] CLT -1 in [-1.1, -0.9] consistent" in text
    assert "bad 0/2 6 3 not reached, 3 unsupported none no point to fit" in text
    assert "16 0.0500 0.050 .. 0.050 2/3 1 failed it fell" in text
    assert "bad 8 not reached 0/3 3 not reached" in text
    assert "16 unsupported 0/3 3 unsupported too wide" in text
    assert "the points bend away from the law (lack of fit, p = 1.0e-3)" in text
    assert "97.50% each, so that all 2 hold together" in text


def test_texts_of_strangers_are_harmless():
    evil = made(
        summary="\x1b[31mred\x07", points=(point("=1+1", 8.0, 1.0),), fits=(Fit(arm="=1+1", time=None),)
    )
    for style in ("rich", "markdown", "json", "csv"):
        assert not set("\x1b\x07") & set(render([evil], style))
    assert ",'=1+1," in render([evil], "csv")


def written(findings):
    """The texts of a panel as they are handed to matplotlib: drawing them takes a hundred times as long."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    panel = Figure(figsize=pictures.INCHES)
    pictures._paint(findings, panel)
    ticks = [one for axes in panel.axes for one in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return {one.get_text() for one in (*panel.findobj(Text), *ticks)}


def test_labels_are_no_formulas_and_none_is_left_out():
    """What matplotlib would read as mathematics, or leave out of a legend; and an odd "$" ends no drawing."""
    pytest.importorskip("matplotlib")
    points = (point("_a", 8.0, 0.1), point("$x^2$", 8.0, 0.2), point("1 $", 8.0, 0.3))
    fits = tuple(Fit(arm=one.arm, time=None) for one in points)
    texts = pictures.draw(
        [made(points=points, fits=fits, summary="$\\frac{", against="$n$", quantity="report:$\\q$")]
    )
    for words in (
        " _a: no fit",
        "$x^2$: no fit",
        "1 $: no fit",
        "width: $\\frac{",
        "$n$",
        "report:$\\q$ (mean)",
    ):
        assert f"<!-- {words} -->" in texts["svg"].decode(), words


def test_a_band_in_unknown_units_is_not_drawn():
    """1 times what nobody knows is no place on the axis, and no slope."""
    pytest.importorskip("matplotlib")
    (fit, _), units = made().fits, ("", "limit")
    for law, words in (("power", "theory (CLT): -1"), ("amplitude", "theory, for each arm")):
        for unit in units:
            judgements = (Judgement(name="CLT", value=-1.0, low=-1.1, high=-0.9, verdict="", unit=unit),)
            one = msgspec.structs.replace(fit, judgements=judgements)
            assert (words in written(made(law=law, fits=(one,)))) == (unit == ""), (law, unit)


@pytest.mark.parametrize("state", ["not positive", "below the floor"])
@pytest.mark.parametrize(("y", "shown"), [(None, True), (0.0, True), (-0.1, True), (0.1, False)])
def test_what_has_no_place_on_the_axes_is_in_the_strip(state, y, shown):
    """A mean below zero, or a share of 0; a number below the floor has its place."""
    pytest.importorskip("matplotlib")
    points = (*made().points[:2], point("bad", 8.0, y, state=state))
    assert (state in written(made(points=points))) == shown


def test_ticks_and_times_are_told_apart():
    pytest.importorskip("matplotlib")
    values = (1_000_001.0, 1_000_002.0)
    points = tuple(point("good", value, 0.1) for value in values)
    texts = written(made(points=points, fits=made().fits[:1]))
    assert {f"{value:.0f}" for value in values} <= set(texts)
    points = tuple(point("good", 8.0, 0.1, time=value) for value in values)
    fits = tuple(msgspec.structs.replace(made().fits[0], time=value, bend=None) for value in values)
    timed = made(points=points, fits=fits)
    texts = written(timed)
    page = render([timed], "rich")
    for value in values:
        assert any(text.startswith(f"good, seconds {value:.0f}: a = ") for text in texts)
        assert f"good at seconds {value:.0f}: untested" in page
