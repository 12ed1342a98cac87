"""The commands that look at single records and hand them on: `why`, `replay`, `export`. Parse, call, print."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

TABLES = ("csv", "jsonl", "parquet")


def record_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose one record of a results folder."""
    for option in (
        click.option("--key", metavar="HEX", help="The beginning of its key."),
        click.option("--seed", type=int, metavar="N", help="Its repetition."),
        click.option("-s", "--solver", metavar="NAME[k=v,...]", help="Its solver, * and ? allowed."),
        click.option("-p", "--problem", metavar="NAME[k=v,...]", help="Its problem, * and ? allowed."),
    ):
        command = option(command)
    return click.argument("place", metavar="RECORD", type=click.Path(path_type=Path))(command)


@click.command("why")
@record_options
def why_command(plugins: tuple[str, ...], strict: bool, **choice: Any) -> None:
    """Say what a record's key is made of, then and now, and whether it would be run again.

    RECORD is a document, or a results folder with -p, -s, --seed or --key to choose from it.
    """
    from mfbench.choosing import choose_record
    from mfbench.cli import bad_input, load
    from mfbench.ingredients import account
    from mfbench.report.account import account_text
    from mfbench.terminal import terminal

    with bad_input():
        _, record = choose_record(**choice)
    click.echo(account_text(record, account(record, load(plugins, strict)), **terminal()), nl=False)


@click.command("replay")
@record_options
def replay_command(plugins: tuple[str, ...], strict: bool, **choice: Any) -> None:
    """Run a record's trial again, beside it, and say whether the numbers are equal.

    RECORD as in `mfbench why`; nothing is overwritten. Exit codes: 0 equal, bit for bit or within round-off; 1 not
    equal; 2 bad input, or nothing to compare; 130 interrupted.
    """
    from mfbench import replaying
    from mfbench.choosing import choose_record
    from mfbench.cli import INTERRUPTED, bad_input, fail, load
    from mfbench.ingredients import account
    from mfbench.report.account import replay_text
    from mfbench.stopping import stop_on_signal
    from mfbench.terminal import terminal
    from mfbench.trial import run_trial

    with bad_input():
        path, record = choose_record(**choice)
    registry = load(plugins, strict)
    then = account(record, registry)
    if then.now is None:
        fail(then.verdict)
    for one in (*then.ingredients, *then.beside):
        if not one.same:
            click.echo(f"differs from then: {one.name}: {one.then} then, {one.now} now", err=True)
    before = replaying.judged_as_now(record, path, registry)
    files = tuple(str(Path(file).resolve()) for file in plugins)
    with stop_on_signal() as stopping:
        after = run_trial(replaying.spec_of(record, str(then.now), files), stopping).record
        if stopping():
            sys.exit(INTERRUPTED)
    replay = replaying.compare(before, after)
    click.echo(replay_text(replay, **terminal()), nl=False)
    sys.exit(int(replay.agreement))


@contextmanager
def text_file(output: str | None) -> Iterator[IO[str]]:
    """Where a table goes as text: a file that is whole or not there, or standard output."""
    from mfbench.whole_files import written

    if output is None or output == "-":
        with click.open_file("-", "w", encoding="utf-8") as file:
            yield file
        return
    with written(Path(output)) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="", write_through=True)
        yield text
        text.flush()
        text.detach()


@click.command("export")
@click.argument("folders", nargs=-1, metavar="[DIR]...")
@click.option("--format", "style", type=click.Choice(TABLES), default="csv", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Where to; parquet needs it.  [standard output]")
@click.option("--curve", is_flag=True, help="Also the error curve, as lists.")
def export_command(folders: tuple[str, ...], style: str, output: str | None, curve: bool) -> None:
    """Write the records of results folders as one flat table, a row for each (default: the default folder)."""
    from mfbench.cli import bad_input, fail, results_folder
    from mfbench.labels import one_line
    from mfbench.report import flat
    from mfbench.store import RECORDS, each_record

    chosen = [Path(folder) for folder in folders] or [results_folder(None)]
    for folder in chosen:
        if not folder.is_dir():
            fail(f"{folder}: no such folder; expected a results folder of mfbench.")
    refused: dict[Path, str] = {}

    def rows() -> flat.Rows:
        return (flat.flat(record, curve) for record in each_record(chosen, refused.__setitem__))

    if next(rows(), None) is None:
        fail(f"no records in {', '.join(map(str, chosen))}; expected JSON documents below {RECORDS}/ there.")
    with bad_input():
        if style == "parquet":
            if output is None:
                fail("parquet is no text for a terminal; say where to with -o FILE.")
            try:
                flat.write_parquet(rows, Path(str(output)))
            except flat.NoParquet as error:
                fail(str(error))
        else:
            with text_file(output) as file:
                if style == "csv":
                    flat.write_csv(rows, file)
                else:
                    flat.write_jsonl(rows(), file)
    for path, reason in refused.items():
        click.echo(one_line(f"not read: {path}: {reason}"), err=True)
