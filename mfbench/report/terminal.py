"""Chapters for a terminal, through rich; plain text where the output is none."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mfbench.report.sheets import Chapter, Sheet, fitted, needed_width

WIDTH = 120
"""Columns where the output is no terminal, so that files do not depend on a window."""

GAP = 2
"""Blanks between two columns."""

FOLDED = 18
"""A column of words is never folded to less than this."""


def print_chapters(chapters: Iterable[Chapter], *, terminal: bool = False, width: int = WIDTH) -> str:
    """The chapters as text.

    Args:
        terminal: with colours; False gives no control characters at all.
        width: columns; lines are folded to it.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        legacy_windows=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as captured:
        for chapter in chapters:
            console.print(Text(chapter.title, style="bold"))
            for whole in chapter.sheets:
                sheet = fitted(whole, width, GAP, FOLDED)
                console.print()
                if sheet.caption:
                    console.print(Text(sheet.caption, style="bold cyan"))
                console.print(_table(sheet, width))
            if chapter.notes and chapter.sheets:
                console.print()
            for note in chapter.notes:
                console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2)))
            console.print()
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).rstrip("\n") + "\n"


def _table(sheet: Sheet, width: int) -> Table:
    # The box draws one blank between columns, the padding the rest of the gap.
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        show_edge=False,
        show_header=not sheet.bare,
    )
    fits = needed_width(sheet, GAP, FOLDED) <= width
    for i, head in enumerate(sheet.header):
        words = head in sheet.words
        widest = max([len(head), *(len(line[i]) for line in sheet.lines)])
        table.add_column(
            Text(head),
            justify="left" if words else "right",
            # Rich crops a table whose minima do not fit; rather fold numbers than lose them.
            min_width=(min(widest, FOLDED) if words else widest) if fits else None,
            overflow="fold",
        )
    for i, line in enumerate(sheet.lines):
        style = "bold green" if i in sheet.best else "dim" if i in sheet.failed else ""
        table.add_row(*(Text(cell) for cell in line), style=style)
    return table
