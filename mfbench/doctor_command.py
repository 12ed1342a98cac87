"""The command `mfbench doctor`. Parse, call, print."""

from __future__ import annotations

import click


@click.command("doctor")
@click.option(
    "-o", "--output", metavar="DIR", help="Results folder whose disk is tried.  [as in `mfbench run`]"
)
def doctor_command(output: str | None) -> None:
    """Say what this machine can time honestly: cores, clock, load, disk, and how well two equal runs agree."""
    from mfbench.cli import results_folder
    from mfbench.report.diagnosis import diagnosis_text, examine
    from mfbench.terminal import terminal

    click.echo(diagnosis_text(examine(results_folder(output)), **terminal()), nl=False)
