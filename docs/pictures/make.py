"""Make the pictures of the README from published records: the league as a terminal shows it.

Usage: python docs/pictures/make.py
"""

import io
from pathlib import Path

from rich.console import Console
from rich.text import Text

from mfbench.identity import reducible_here
from mfbench.ranking import rank
from mfbench.registry import load_registry
from mfbench.report.tables import render
from mfbench.store import Store

ROOT = Path(__file__).parents[2]
WIDTH = 116


def main() -> None:
    """Render the first table of the published league as an SVG."""
    records = Store(ROOT / "results").read_all().records
    text = render(rank(records, reducible=reducible_here(load_registry())), terminal=True, width=WIDTH)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.partition("further metrics")[0].rpartition("\n")[0]))
    console.save_svg(str(ROOT / "docs" / "pictures" / "league.svg"), title="mfbench rank results")


if __name__ == "__main__":
    main()
