"""The command line of trials elsewhere: where `mfbench run` sends them, and `mfbench collect` for those of a job array."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def elsewhere_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `mfbench run` that say where trials run."""
    command = click.option(
        "--specs",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Run nothing: write trials to DIR for `python -m mfbench.trial`, then `mfbench collect DIR`.",
    )(command)
    command = click.option("--scheduler", metavar="ADDRESS", help="Of the executor: tcp://host:8786.")(
        command
    )
    return click.option(
        "--executor",
        metavar="NAME[k=v,...]",
        help="Where trials run: local, dask, ... (see `mfbench list`).  [local]",
    )(command)


@click.command("collect")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", metavar="DIR", help="Results folder.  [as of `mfbench run`]")
def collect_command(folder: Path, output: str | None) -> None:
    """Bring the records of trials that were written by `mfbench run --specs DIR` into a results folder.

    Exit code 0 if every trial has a record, it was taken, and none crashed, raised or ran out of memory; else 1. What is
    to be run again is named as a job array takes it.
    """
    from mfbench.cli import bad_input, fail, results_folder
    from mfbench.job_array import SPECS, collect, ranges
    from mfbench.labels import one_line
    from mfbench.store import Store

    if not any((folder / SPECS).glob("*.json")):
        fail(
            f"{folder}: no trials below {SPECS}/; expected a folder that `mfbench run --specs {folder}` wrote."
        )
    store = Store(results_folder(output))
    with bad_input():
        store.check_writable()
        found = collect(folder, store)
    for path, reason in found.refused:
        click.echo(one_line(f"not taken: {path}: {reason}"), err=True)
    if found.missing:
        click.echo(f"no record yet, or interrupted: {ranges(found.missing)}", err=True)
    click.echo(f"{len(found.records)} records: {store.folder}")
    alarming = any(record.status.alarming for record in found.records.values())
    sys.exit(int(bool(found.missing or found.refused or alarming)))
