"""Chapters for a terminal, through rich; plain text where the output is none."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from mfbench.report.layout import FOLDED, GAP, Layout
from mfbench.report.sheets import Chapter, Sheet, fitted

WIDTH = 120
"""Columns where the output is no terminal, so that files do not depend on a window."""

HEAD, BEST, FAILED = Style(bold=True), Style(bold=True, color="green"), Style(dim=True)
"""Styles of column heads and of lines that are set off."""


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
                console.print(_table(sheet, width, console))
            if chapter.notes and chapter.sheets:
                console.print()
            for note in chapter.notes:
                console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2)))
            console.print()
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).rstrip("\n") + "\n"


def _table(sheet: Sheet, width: int, console: Console) -> Segments:
    """The lines of a sheet, in colours."""
    layout = Layout(sheet, width, console)
    lines: list[tuple[str, Style | None]] = [(line, HEAD) for line in layout.head]
    if lines:
        lines.append((layout.rule, None))
    for i in range(len(sheet.lines)):
        style = BEST if i in sheet.best else FAILED if i in sheet.failed else None
        lines += [(line, style) for line in layout.line(i)]
    return Segments(segment for line, style in lines for segment in (Segment(line, style), Segment.line()))
