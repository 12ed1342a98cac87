"""Chapters for papers and pages: markdown and LaTeX, through tabulate."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tabulate import tabulate

from mfbench.report.sheets import Chapter, Sheet

LATEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\ensuremath{<}",
        ">": r"\ensuremath{>}",
    }
)


MARKDOWN_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|~$&#@!"})
"""Marks that make text something else than text: emphasis, code, links, HTML, formulas, mentions, cells."""


def markdown(chapters: Iterable[Chapter]) -> str:
    """Pipe tables under headings, notes as lists."""
    parts: list[str] = []
    for chapter in chapters:
        parts.append(f"## {_plain(chapter.title)}")
        for sheet in chapter.sheets:
            parts += [f"### {_plain(sheet.caption)}", _tabulate(sheet, "pipe", _plain)]
        if chapter.notes:
            parts.append("\n".join(f"- {_plain(note)}" for note in chapter.notes))
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Text that markdown shows as it stands; records may be a stranger's."""
    return text.translate(MARKDOWN_ESCAPES)


def latex(chapters: Iterable[Chapter]) -> str:
    """One table environment per sheet (needs the package booktabs); notes as a list."""
    parts: list[str] = []
    for chapter in chapters:
        parts.append(f"% {chapter.title}")
        for sheet in chapter.sheets:
            parts.append(
                "\\begin{table}\n\\centering\n"
                f"\\caption{{{sheet.caption.translate(LATEX_ESCAPES)}}}\n"
                f"{_tabulate(sheet, 'latex_booktabs', str)}\n\\end{{table}}"
            )
        if chapter.notes:
            items = "\n".join(f"\\item {note.translate(LATEX_ESCAPES)}" for note in chapter.notes)
            parts.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
    return "\n\n".join(parts) + "\n"


def _tabulate(sheet: Sheet, style: str, escape: Callable[[str], str]) -> str:
    return str(
        tabulate(
            [[escape(cell) for cell in line] for line in sheet.lines],
            headers=[escape(head) for head in sheet.header],
            tablefmt=style,
            disable_numparse=True,  # "3.20e-3" stays as it is
            colalign=["left" if head in sheet.words else "right" for head in sheet.header],
        )
    )
