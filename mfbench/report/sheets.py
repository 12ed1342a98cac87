"""Tables before they have a format: captions, headers and cells as text.

Terminal, markdown and LaTeX print the same sheets, so they show the same rows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mfbench.labels import one_line, printable


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table. What a terminal would obey is taken out of its texts: records and plugins may be a stranger's.

    Args:
        caption: what it shows.
        header: column heads, with units.
        lines: cells as text; every line is as long as the header.
        words: heads of the columns that hold words: left aligned, and folded when space is short.
        spare: heads of the columns to leave out where space is short, the first one first.
        best, failed: indices of lines to set off.
        bare: print no header; the cells may be texts of several lines.
    """

    caption: str
    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    words: frozenset[str] = frozenset()
    spare: tuple[str, ...] = ()
    best: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    bare: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "caption", one_line(self.caption))
        object.__setattr__(self, "header", tuple(map(one_line, self.header)))
        clean = printable if self.bare else one_line
        object.__setattr__(self, "lines", tuple(tuple(map(clean, line)) for line in self.lines))


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """Tables that belong together, and the notes that say how to read them; texts are cleaned as in a `Sheet`."""

    title: str
    sheets: tuple[Sheet, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", one_line(self.title))
        object.__setattr__(self, "notes", tuple(map(one_line, self.notes)))


def without_empty_columns(sheet: Sheet) -> Sheet:
    """The sheet less the columns that are empty in every line."""
    empty = {head for i, head in enumerate(sheet.header) if not any(line[i] for line in sheet.lines)}
    return without(sheet, empty)


def without(sheet: Sheet, heads: Collection[str]) -> Sheet:
    """The sheet less the columns with these heads."""
    kept = [i for i, head in enumerate(sheet.header) if head not in heads]
    return replace(
        sheet,
        header=tuple(sheet.header[i] for i in kept),
        lines=tuple(tuple(line[i] for i in kept) for line in sheet.lines),
    )


def needed_width(sheet: Sheet, gap: int, folded: int) -> int:
    """Columns that the sheet takes with `gap` blanks between columns and words folded to `folded`."""
    total = gap * (len(sheet.header) - 1)
    for i, head in enumerate(sheet.header):
        widest = max([len(head), *(len(line[i]) for line in sheet.lines)])
        total += min(widest, folded) if head in sheet.words else widest
    return total


def fitted(sheet: Sheet, width: int, gap: int, folded: int) -> Sheet:
    """The sheet less as many spare columns as it takes to fit, with a caption that says so."""
    left_out: list[str] = []
    for head in sheet.spare:
        if needed_width(without(sheet, left_out), gap, folded) <= width:
            break
        if head in sheet.header:
            left_out.append(head)
    if not left_out:
        return sheet
    caption = f"{sheet.caption} (too narrow for: {', '.join(left_out)})"
    return without(replace(sheet, caption=caption), left_out)
