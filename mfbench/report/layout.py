"""From a sheet to lines of text that fit into a width: what is too long is folded, nothing is cut.

Rich draws the same lines, but measures and renders every cell by itself: of a ranking with a thousand rows that took longer
than all else together. Here rich folds the few cells that do not fit; whatever fits is padded.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mfbench.report.sheets import Sheet, needed_width

GAP = 2
"""Blanks between two columns."""

PADDING = 1
"""How many of these belong to the column before them."""

FOLDED = 18
"""A column of words is never folded to less than this."""

RULE = "─"
"""Under the column heads."""


class Layout:
    """A sheet in columns of fixed width.

    Args:
        sheet: what is shown.
        width: columns of the terminal; wider than that are only tables of more columns than it has room for.
        console: whose rules of folding hold.
    """

    def __init__(self, sheet: Sheet, width: int, console: Console) -> None:
        self._sheet, self._console = sheet, console
        self._words = [head in sheet.words for head in sheet.header]
        self._widths = column_widths(sheet, width)

    @property
    def head(self) -> list[str]:
        """The column heads; none of a bare sheet."""
        return [] if self._sheet.bare else self._drawn(self._sheet.header, bottom=True)

    @property
    def rule(self) -> str:
        """The line under the heads."""
        return RULE * (sum(self._widths) + GAP * (len(self._widths) - 1))

    def line(self, number: int) -> list[str]:
        """The lines of text that one line of the sheet takes."""
        return self._drawn(self._sheet.lines[number])

    def _drawn(self, cells: Sequence[str], bottom: bool = False) -> list[str]:
        columns = [
            self._cell(cell, width, words)
            for cell, width, words in zip(cells, self._widths, self._words, strict=True)
        ]
        height = max(map(len, columns), default=0)
        for column, width in zip(columns, self._widths, strict=True):
            blank = [" " * width] * (height - len(column))
            column[:] = blank + column if bottom else column + blank
        return [(" " * GAP).join(parts) for parts in zip(*columns, strict=True)]

    def _cell(self, cell: str, width: int, words: bool) -> list[str]:
        """The lines of a cell, each as wide as its column."""
        free = width - cell_len(cell)
        if free >= 0 and "\n" not in cell:
            return [cell + " " * free if words else " " * free + cell]
        text = Text(cell)
        justify = "left" if words else "right"
        return [line.plain for line in text.wrap(self._console, width, justify=justify, overflow="fold")]  # type: ignore[arg-type]


def column_widths(sheet: Sheet, width: int) -> list[int]:
    """Of every column; in all, with the gaps, no more than `width` as long as every column can have one.

    Where they do not fit the widest give way first. Numbers are not folded, and words to no less than `FOLDED`, unless
    there is no room even then.
    """
    fits = needed_width(sheet, GAP, FOLDED) <= width
    last = len(sheet.header) - 1
    room = width - (GAP - PADDING) * last
    natural, least = [], []
    for i, head in enumerate(sheet.header):
        cells = max([0, *(_breadth(line[i]) for line in sheet.lines)])
        widest = max(cells, _breadth(head))
        kept = (min(widest, FOLDED) if head in sheet.words else widest) if fits else 0
        # Half of the gap counts with the column before it: so rich shares out what is missing.
        padding = PADDING if i < last else 0
        least.append(padding + kept)
        natural.append(max(1, least[-1], min(padding + (cells if sheet.bare else widest), room)))
    found = narrowed(natural, least, room)
    return [taken - (i < last) * PADDING for i, taken in enumerate(found)]


def _breadth(cell: str) -> int:
    return cell_len(cell) if "\n" not in cell else max(map(cell_len, cell.split("\n")))


def narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths whose sum is at most `room`, if that can be: the widest are made narrower first, none below its least."""
    found = list(widths)
    while (excess := sum(found) - room) > 0:
        able = [i for i, width in enumerate(found) if width > least[i]]
        if not able:
            break
        widest = max(found[i] for i in able)
        second = max((found[i] for i in able if found[i] < widest), default=0)
        equals = [i for i in able if found[i] == widest]
        for left, i in zip(range(len(equals), 0, -1), equals, strict=True):
            cut = min(round(excess / left), widest - max(second, least[i]))
            found[i] -= cut
            excess -= cut
    return found
