"""A ranking as text, in the format that was asked for."""

from __future__ import annotations

from mfbench.report import FORMATS
from mfbench.report.league import chapters
from mfbench.rows import Ranking


def render(ranking: Ranking, format: str = "rich", *, terminal: bool = False, width: int = 120) -> str:
    """The tables of a ranking.

    Args:
        ranking: of `ranking.rank`.
        format: one of `FORMATS`; csv and json give the rows, the others tables with notes.
        terminal: for rich: colours; without it there are no control characters.
        width: for rich: columns of the terminal.

    Raises:
        ValueError: an unknown format.
    """
    match format:
        case "rich":
            from mfbench.report.terminal import print_chapters

            return print_chapters(chapters(ranking), terminal=terminal, width=width)
        case "markdown":
            from mfbench.report.paper import markdown

            return markdown(chapters(ranking))
        case "latex":
            from mfbench.report.paper import latex

            return latex(chapters(ranking))
        case "csv":
            from mfbench.report.data import as_csv

            return as_csv(ranking.rows)
        case "json":
            from mfbench.report.data import as_json

            return as_json(ranking.rows)
    raise ValueError(f"format {format!r}; expected one of {', '.join(FORMATS)}.")
