"""What the conformance kit says of an entry, as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mfbench.labels import one_line
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.terminal import WIDTH, print_chapters


def verdicts_page(
    title: str, verdicts: Sequence[tuple[str, str, str]], *, terminal: bool = False, width: int = WIDTH
) -> str:
    """The checks of one entry.

    Args:
        title: the entry, and where it was tried.
        verdicts: name of the check, "pass", "fail" or "skip", sentence.
        terminal, width: see `terminal.print_chapters`.
    """
    header = ("check", "", "what was found")
    outcomes = [outcome for _, outcome, _ in verdicts]
    sheet = Sheet(
        caption="",
        header=header,
        words=frozenset(header),
        lines=tuple((check, outcome, one_line(sentence)) for check, outcome, sentence in verdicts),
        best=frozenset(i for i, outcome in enumerate(outcomes) if outcome == "pass"),
        failed=frozenset(i for i, outcome in enumerate(outcomes) if outcome == "fail"),
    )
    counts = Counter(outcomes)
    summary = ", ".join(
        f"{counts[outcome]} {outcome}" for outcome in ("pass", "fail", "skip") if counts[outcome]
    )
    return print_chapters(
        [Chapter(title=one_line(title), sheets=(sheet,), notes=(summary,))], terminal=terminal, width=width
    )
