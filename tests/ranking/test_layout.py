"""Tables for a terminal: the very lines that rich's own table draws, and nothing cut where rich would cut."""

from __future__ import annotations

import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mfbench.report.layout import FOLDED, GAP, Layout, narrowed
from mfbench.report.sheets import Chapter, Sheet, needed_width
from mfbench.report.terminal import print_chapters


def console(width):
    return Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=False, emoji=False, highlight=False
    )


def ours(sheet, width):
    layout = Layout(sheet, width, console(width))
    return [*layout.head, layout.rule, *(text for i in range(len(sheet.lines)) for text in layout.line(i))]


def richs(sheet, width):
    """The second route: rich's table of the same columns, every cell a renderable."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_edge=False)
    fits = needed_width(sheet, GAP, FOLDED) <= width
    for i, head in enumerate(sheet.header):
        words = head in sheet.words
        widest = max([len(head), *(len(line[i]) for line in sheet.lines)])
        least = min(widest, FOLDED) if words else widest
        table.add_column(
            Text(head),
            justify="left" if words else "right",
            min_width=least if fits else None,
            overflow="fold",
        )
    for line in sheet.lines:
        table.add_row(*map(Text, line))
    screen = console(width)
    with screen.capture() as captured:
        screen.print(table, crop=False)
    return captured.get().splitlines()


WORDS = (
    "a",
    "sgd",
    "timeout 1/100",
    "solver-19[width=64,depth=3]",
    "x" * 30,
    "committor/arc[dim=2]; fokker-planck/ring",
    "\u00e9",
)
NUMBERS = ("", "1", "12.3", "1.7e-5 .. 4.4e-4", "600k ?")
words, numbers = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), st.sampled_from(NUMBERS)


@st.composite
def sheets(draw):
    kinds = draw(st.lists(st.booleans(), min_size=1, max_size=12))
    heads = [f"{i}{draw(st.sampled_from(('', 'solver', 'memory [MB]')))}" for i in range(len(kinds))]
    line = st.tuples(*(words if kind else numbers for kind in kinds))
    lines = draw(st.lists(line, max_size=4))
    folded = frozenset(head for head, kind in zip(heads, kinds, strict=True) if kind)
    return Sheet(caption="", header=tuple(heads), lines=tuple(lines), words=folded)


@settings(max_examples=150, deadline=None)
@given(sheet=sheets(), width=st.sampled_from([40, 60, 80, 120, 200]))
def test_a_table_is_drawn_as_rich_draws_it(sheet, width):
    expected = richs(sheet, width)
    assume(max(map(len, expected)) <= width)  # else rich cuts it, see below
    assert [line.rstrip() for line in ours(sheet, width)] == [line.rstrip() for line in expected]


@settings(max_examples=100, deadline=None)
@given(sheet=sheets(), width=st.sampled_from([40, 60, 80, 120, 200]))
def test_no_table_is_wider_than_the_terminal_and_none_loses_a_character(sheet, width):
    lines = ours(sheet, width)
    assert max(map(len, lines)) <= width
    shown = sorted("".join("".join(line.split()) for i, line in enumerate(lines)).replace("\u2500", ""))
    assert shown == sorted("".join("".join([*sheet.header, *sum(sheet.lines, ())]).split()))


def test_a_number_wider_than_the_words_beside_it_is_kept_where_rich_cuts_them():
    sheet = Sheet(
        caption="", header=("n", "w", "v"), words=frozenset("wv"), lines=(("9" * 24, "word " * 6, "y" * 20),)
    )
    assert needed_width(sheet, GAP, FOLDED) == 64
    assert max(map(len, richs(sheet, 65))) > 65
    text = ours(sheet, 65)
    assert max(map(len, text)) <= 65
    assert sum(line.count("9") for line in text) == 24 and "9" * 24 in text[2]


def test_cells_of_wide_characters_are_measured_by_what_they_take():
    sheet = Sheet(
        caption="", header=("a", "b"), words=frozenset("ab"), lines=(("\u65e5\u672c", "x"), ("ab", "y"))
    )
    assert ours(sheet, 40) == richs(sheet, 40)
    assert ours(sheet, 40)[2:] == ["\u65e5\u672c  x", "ab    y"]


@pytest.mark.parametrize("best, failed, expected", [({0}, (), "\x1b[1;32m"), ((), {0}, "\x1b[2m")])
def test_lines_are_set_off_on_a_terminal(monkeypatch, best, failed, expected):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    sheet = Sheet(
        caption="", header=("h",), lines=(("one",), ("two",)), best=frozenset(best), failed=frozenset(failed)
    )
    head, rule, first, second = print_chapters(
        [Chapter(title="t", sheets=(sheet,))], terminal=True
    ).splitlines()[2:]
    assert head == "\x1b[1m  h\x1b[0m" and rule == "\u2500" * 3
    assert first == f"{expected}one\x1b[0m" and second == "two"


def test_the_widest_columns_give_way_first_and_none_below_its_least():
    assert narrowed([50, 20, 10], [18, 18, 10], 60) == [30, 20, 10]
    assert narrowed([50, 20, 10], [18, 18, 10], 48) == [19, 19, 10]
    assert narrowed([50, 20, 30], [18, 18, 30], 70) == [20, 20, 30]
    assert narrowed([5, 4], [5, 4], 3) == [5, 4], "there is no room for them"
