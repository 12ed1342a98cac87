"""A record's key and what it rests on, as tables: the view of `mfbench why`, and that of `mfbench replay`."""

from __future__ import annotations

from collections.abc import Sequence

from mfbench.ingredients import ABSENT, Account, Ingredient
from mfbench.record import Record
from mfbench.replaying import Replay
from mfbench.report.figures import duration, figure
from mfbench.report.sheets import Chapter, Sheet
from mfbench.report.terminal import WIDTH, print_chapters


def account_text(record: Record, account: Account, *, terminal: bool = False, width: int = WIDTH) -> str:
    """Key, ingredients then and now, provenance and the verdict."""
    honest = {True: "yes", False: "NO", None: "it holds no account: it did not start"}[account.honest]
    notes = [account.verdict]
    if account.edited:
        notes.append(f"Written to since it started: {', '.join(map(str, account.edited))}.")
    notes.append(
        "Comments, docstrings and layout are no part of the code's hash. Jobs, folders, presets and the judge are no "
        "part of the key."
    )
    sheets = (
        _pairs("Record", _said(record)),
        _pairs(
            "Key",
            [
                ("then", account.then),
                ("now", account.now or "cannot be made here"),
                ("its own account gives it", honest),
            ],
        ),
        _ingredients("Ingredients of the key", account.ingredients),
        _ingredients("Beside the key", account.beside),
    )
    chapter = Chapter(title=f"{record.cell.problem}, {record.cell.solver}", sheets=sheets, notes=tuple(notes))
    return print_chapters([chapter], terminal=terminal, width=width)


def _said(record: Record) -> list[tuple[str, str]]:
    usage = record.usage
    times = [
        ("set-up", usage.seconds_setup),
        ("solve", usage.seconds_solve),
        ("evaluate", usage.seconds_evaluate),
        ("wall", usage.seconds_wall),
        ("CPU", usage.seconds_cpu),
        ("others on its cores", usage.seconds_others),
    ]
    spent = [f"{name} {duration(value)}" for name, value in times if value is not None]
    loads = [f"{value:.2f}" for value in (usage.load_start, usage.load_end) if value is not None]
    memory = [] if usage.peak_memory_mb is None else [f"{usage.peak_memory_mb:.0f} MB above its start"]
    error = (
        ""
        if not record.scored
        else f"{record.headline} {'inf' if record.error is None else figure(record.error)}"
    )
    lines = [
        ("status", f"{record.status}: {record.sentence}"),
        ("error", error),
        ("started", record.started),
        ("seconds", ", ".join(spent)),
        ("load, start and end", ", ".join(loads)),
        ("threads, as measured", "" if usage.threads is None else str(usage.threads)),
        ("memory", ", ".join(memory)),
    ]
    return [(name, text) for name, text in lines if text]


def _pairs(caption: str, lines: Sequence[tuple[str, str]]) -> Sheet:
    header = ("what", "value")
    return Sheet(caption=caption, header=header, lines=tuple(lines), words=frozenset(header))


def _ingredients(caption: str, ingredients: Sequence[Ingredient]) -> Sheet:
    header = ("ingredient", "then", "now", "same")
    return Sheet(
        caption=caption,
        header=header,
        words=frozenset(header),
        lines=tuple(
            (one.name, one.then or ABSENT, one.now or ABSENT, "yes" if one.same else "NO")
            for one in ingredients
        ),
        failed=frozenset(i for i, one in enumerate(ingredients) if not one.same),
    )


def replay_text(replay: Replay, *, terminal: bool = False, width: int = WIDTH) -> str:
    """Every number of both runs, and the verdict."""
    header = ("number", "before", "now", "difference")
    lines = tuple(
        (
            one.name,
            _number(one.before),
            _number(one.after),
            figure(one.difference, 2) if one.difference else "0",
        )
        for one in replay.findings
    )
    sheets = (Sheet(caption="", header=header, lines=lines, words=frozenset({"number"})),) if lines else ()
    sentence = replay.sentence[0].upper() + replay.sentence[1:] + "."
    return print_chapters(
        [Chapter(title="Run again", sheets=sheets, notes=(sentence,) if sheets else ())],
        terminal=terminal,
        width=width,
    ) + ("" if sheets else f"{sentence}\n")


def _number(value: float | None) -> str:
    return "none" if value is None else repr(value)
