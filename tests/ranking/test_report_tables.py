"""League tables in every format: the same rows, no control characters, null for infinity."""

from __future__ import annotations

import csv
import io
import json
import math
import re

import pytest

from mfbench.labels import CONTROL
from mfbench.ranking import rank
from mfbench.record import Metric, Status, Usage
from mfbench.report import FORMATS
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.tables import render
from mfbench.report.terminal import print_chapters

KEYS = {
    "task", "problem", "solver", "parameters", "status", "trials", "metric", "error", "error_low",
    "error_high", "seconds_setup", "seconds_solve", "seconds_to_target", "work", "peak_memory_mb", "rank",
}  # fmt: skip
ANSI = re.compile(r"\x1b\[")


@pytest.fixture
def ranking(repeated):
    metrics = {"skill": Metric(value=0.1, floor=1e-4), "rate_slab": Metric(value=None)}
    reached = {"reaches": {0.1: 0.25, 0.01: None}, "metrics": metrics}
    records = []
    for number, dim in enumerate((2, 10)):
        where = {"problem": "committor/double-well", "problem_parameters": {"dim": dim, "temperature": 0.2}}
        records += repeated("grid_fv", [1e-9 + dim] * 2, floor=1e-6, **where, **reached)
        records += repeated("sgd", [0.02 + number, 0.03], parameters={"width": 64}, **where, **reached)
        records += repeated("sgd", [0.021, 0.03], parameters={"width": 256}, **where, **reached)
        records += repeated("constant", [0.3] * 2, control=True, **where)
        records += repeated(
            "hog",
            [1.0] * 2,
            status=Status.OUT_OF_MEMORY,
            sentence="asked for\r\n\x1b[31m9 GB\x1b[0m",
            **where,
        )
        records += repeated("tensor", [1.0] * 2, status=Status.UNSUPPORTED, sentence="dim < 3 | 4", **where)
    records += repeated("line", [math.inf] * 2, problem="fokker-planck/ring")
    return rank(records)


def test_json_is_a_list_of_rows_with_the_promised_keys(ranking):
    rows = json.loads(render(ranking, "json"), parse_constant=pytest.fail)
    assert len(rows) == len(ranking.rows) == 13
    assert all(row.keys() >= KEYS for row in rows)
    first = rows[0]
    assert first["problem"] == "committor/double-well[dim=2,temperature=0.2]"
    assert (first["solver"], first["parameters"]) == ("sgd", {"width": 64})
    hog = next(row for row in rows if row["solver"] == "hog")
    assert (hog["error"], hog["error_high"], hog["status"]) == (None, None, "out-of-memory")


def test_csv_gives_the_rows_back(ranking):
    text = render(ranking, "csv")
    assert "\r" not in text
    read = list(csv.DictReader(io.StringIO(text)))
    documents = json.loads(render(ranking, "json"))
    assert len(read) == len(documents)
    for line, document in zip(read, documents, strict=True):
        for name, value in document.items():
            if isinstance(value, dict) and name not in ("parameters", "problem_parameters"):
                prefix = f"{name}."
                cells = {
                    key.removeprefix(prefix): cell for key, cell in line.items() if key.startswith(prefix)
                }
                assert {key: float(cell) for key, cell in cells.items() if cell} == {
                    key: math.inf if number is None else number for key, number in value.items()
                }
            elif isinstance(value, dict):
                assert json.loads(line[name]) == value
            elif isinstance(value, str):
                assert line[name] == value
            elif value is None:
                assert line[name] == ""
            else:
                assert line[name] in (str(value), repr(float(value)))


@pytest.mark.parametrize("style", ["rich", "markdown", "latex"])
def test_text_formats_show_every_row(ranking, style):
    text = render(ranking, style).replace(r"\_", "_").replace("\\", "")
    for row in ranking.rows:
        assert row.problem in text
        assert row.contender in text
        assert row.status in text
    assert text.count("sgd[width=64]") == 1 + 2 * 2  # standing; per problem errors and further metrics
    assert "asked for 9 GB" in text
    assert "constant (control)" in text
    assert "m1" in text  # the machine


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_control_characters_where_the_output_is_no_terminal(ranking, width):
    text = render(ranking, "rich", width=width)
    assert "\r" not in text
    assert not ANSI.search(text)
    assert all(line == line.rstrip() for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= width


def test_numbers_that_do_not_fit_are_folded_and_never_cut():
    heads = tuple("abcdef")
    sheet = Sheet(caption="", header=heads, lines=(("1234567",) * 6,))
    text = print_chapters([Chapter(title="", sheets=(sheet,))], width=30)
    assert [text.count(digit) for digit in "1234567"] == [6] * 7
    assert max(map(len, text.splitlines())) <= 30


def test_colours_on_a_terminal_only(ranking, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = render(ranking, "rich", terminal=True)
    assert ANSI.search(coloured)
    assert "\r" not in coloured
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not ANSI.search(render(ranking, "rich"))


def test_a_narrow_table_says_what_it_leaves_out(ranking):
    assert "(too narrow for: memory [MB]" in " ".join(render(ranking, "rich", width=80).split())
    assert "too narrow" not in render(ranking, "rich", width=200)


def test_ties_the_best_floors_and_failures_are_marked(repeated):
    records = repeated("good", [1e-9] * 2, floor=1e-6) + repeated("alike", [2e-9] * 2, floor=1e-6)
    records += repeated("poor", [0.123456] * 2, floor=1e-6) + repeated(
        "none", [1.0] * 2, status=Status.CRASHED
    )
    lines = as_shown(render(rank(records), "markdown")).splitlines()
    cells = {
        line.split("|")[2].strip(): [cell.strip() for cell in line.split("|")[1:-1]]
        for line in lines[lines.index("### committor/arc, budget 20 s, cpu, 2 trials each") :]
        if line.startswith("|") and line.count("|") > 8
    }
    assert cells["good"][0] == cells["alike"][0] == "1.5 = *"
    assert cells["good"][2] == cells["good"][3] == "< 1.0e-6"
    assert cells["poor"][:4] == ["3", "poor", "0.123", "0.12"]
    assert cells["none"][:4] == ["4", "none", "inf", "inf"]


def test_units_and_meanings_are_stated(ranking):
    text = " ".join(render(ranking, "rich").split())
    assert "probability, root mean square under mu q (1 - q)" in text
    assert "memory [MB]" in text
    assert "a 99% interval of the log-ratio" in text
    assert "to 0.1" in text


def test_the_metric_that_ranks_a_problem_is_named_and_its_companion_shown(a_record):
    """One task, two problems: one ranks by the wRMSE, the other by the logit."""
    logit = {"logit_rmse": Metric(value=0.625)}
    records = [
        a_record("good", 0.25, problem="committor/plain", metrics=logit),
        a_record("good", 0.125, problem="committor/tiny", metrics=logit, headline="logit_rmse"),
    ]
    text = as_shown(render(rank(records), "markdown"))
    headers = [line.split() for line in text.splitlines() if line.startswith("|") and "solver" in line]
    assert sum("wrmse" in header for header in headers) == 2, "as headline of one, beside that of the other"
    assert sum("logit_rmse" in header for header in headers) == 2
    assert not any({"wrmse", "logit_rmse"} <= set(header) for header in headers)
    errors = {row.problem_name: (row.metric, row.error) for row in rank(records).rows}
    assert errors == {"committor/plain": ("wrmse", 0.25), "committor/tiny": ("logit_rmse", 0.625)}
    for unit in ("wrmse (probability, root mean square", "or logit_rmse (logit q, root mean square"):
        assert unit in " ".join(text.split())


def test_costs_of_several_machines_are_not_shown(a_record):
    text = render(rank([a_record(), a_record(seed=1, machine="m2"), a_record("b")]), "markdown")
    line = next(line for line in text.splitlines() if line.count("|") > 8 and " sgd " in line)
    assert line.count("mixed") == 3, "set-up, solve, CPU"
    assert "whose seconds are not comparable" in text


def test_latex_escapes_what_latex_would_eat(ranking):
    text = render(ranking, "latex")
    body = [line for line in text.splitlines() if not line.startswith("%")]
    assert "grid\\_fv" in text and not any(re.search(r"(?<!\\)[_%#$]", line) for line in body)
    assert text.count("\\begin{tabular}") == text.count("\\end{tabular}") == text.count("\\caption{")
    for table in text.split("\\begin{tabular}")[1:]:
        columns = len(table.partition("}")[0].strip("{"))
        lines = [line for line in table.splitlines() if line.endswith("\\\\")]
        assert {len(re.findall(r"(?<!\\)&", line)) + 1 for line in lines} == {columns}


def test_markdown_pipes_in_texts_do_not_make_cells(ranking):
    assert r"dim \< 3 \| 4" in render(ranking, "markdown")


def test_no_records_make_an_empty_table():
    assert json.loads(render(rank([]), "json")) == []
    assert render(rank([]), "csv").startswith("task,problem,solver")
    assert [render(rank([]), style).strip() for style in ("rich", "markdown", "latex")] == ["", "", ""]


def test_an_unknown_format_is_refused_by_name(ranking):
    with pytest.raises(ValueError, match=f"format 'html'; expected one of {', '.join(FORMATS)}"):
        render(ranking, "html")


def as_shown(markdown):
    """What a reader of markdown sees of escaped text."""
    return re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", markdown)


STRANGE = "[bold]x[/bold][/nope]\x1b[31m\n\r\x07\x9b2J\u202e\ty"


@pytest.mark.parametrize("style", ["rich", "markdown", "latex"])
@pytest.mark.parametrize(
    "fields",
    [
        {"parameters": {"mode": STRANGE}},
        {"parameters": {STRANGE: 1}},
        {"problem_parameters": {STRANGE: STRANGE}},
        {"sentence": STRANGE, "status": Status.ERROR},
        {"headline": STRANGE, "metrics": {STRANGE: Metric(value=0.5)}, "targets": []},
        {"machine": STRANGE},
        {"work": {STRANGE: 7}},
    ],
)
def test_a_strangers_texts_are_shown_as_they_are_and_never_obeyed(a_record, fields, style):
    """Neither rich's markup nor a terminal's sequences."""
    text = render(rank([a_record("sgd", **fields), a_record("sgd", seed=1, budget=3.0)]), style, width=200)
    assert not CONTROL.search(text)
    seen = as_shown(text) if style == "markdown" else text
    assert "[bold]x[/bold][/nope]y" in "".join(seen.split())
    if style == "markdown":
        lines = [line for line in text.splitlines() if line.startswith("|")]
        assert all(line.endswith("|") for line in lines)


def test_markdown_makes_nothing_of_a_strangers_text(a_record):
    """No link, no picture, no code, no HTML, no emphasis, nobody mentioned."""
    text = "<script>![a](b)[c](http://d) `e` **f** _g_ ~~h~~ $i$ @j #1 &lt; \\"
    shown = render(rank([a_record(sentence=text, status=Status.ERROR)]), "markdown")
    assert not re.search(
        r"(?<!\\)(?:\\\\)*[<\[\]`_~$@&]", shown.partition("Trials that")[2].partition("| problems")[2]
    )
    assert text in as_shown(shown)


def test_data_hold_what_a_stranger_wrote_and_no_terminal_obeys_it(a_record):
    strange = '\x1b[31m\x9b2J\u202e\x07\x7f\ny\x9b" z'
    records = [a_record(sentence=strange, status=Status.ERROR, parameters={strange: strange})]
    document, table = (render(rank(records), style) for style in ("json", "csv"))
    assert not CONTROL.search(document) and not CONTROL.search(table)
    (row,) = json.loads(document)
    assert row["parameters"] == {strange: strange}, "escaped, not changed"
    (line,) = csv.DictReader(io.StringIO(table))
    assert line["sentence"] == row["sentence"] == "y", "what belongs to a sequence goes with it"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1+1"])
def test_a_spreadsheet_computes_nothing_that_a_stranger_wrote(a_record, text):
    table = render(rank([a_record(sentence=text, status=Status.ERROR, work={"=x": 7})]), "csv")
    (line,) = csv.DictReader(io.StringIO(table))
    assert line["sentence"] == f"'{text.strip()}"
    assert "work.=x" in line


@pytest.mark.parametrize("style", ["rich", "markdown", "latex"])
@pytest.mark.parametrize("seconds", [-1e308, -1.0, 1e308])
def test_seconds_that_no_clock_gives_break_no_table(a_record, seconds, style):
    strange = a_record("strange", usage=Usage(seconds_setup=seconds, seconds_solve=seconds))
    assert "strange" in render(rank([a_record("sgd"), strange]), style)
