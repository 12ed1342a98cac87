"""Make the stored references anew: `python -m mfbench_committor.references mueller`."""

from __future__ import annotations

from pathlib import Path

import click

import mfbench_committor
from mfbench_committor.references import store
from mfbench_committor.references.ladder import climb
from mfbench_committor.references.standing import ENTRIES, standing_problems


@click.command()
@click.argument("families", nargs=-1, required=True, type=click.Choice(sorted(ENTRIES)))
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(mfbench_committor.__file__).parent / "data",
    help="Folder for the .npz and .json files; the package's own by default.",
)
def main(families: tuple[str, ...], into: Path) -> None:
    """Solve every standing instance of FAMILIES on three grids and store points, values and error bars."""
    into.mkdir(parents=True, exist_ok=True)
    for family in families:
        problems = standing_problems(family)
        for number, (stem, problem) in enumerate(problems.items(), start=1):
            click.echo(f"{family}: {number} of {len(problems)}, about a minute each")
            reference = climb(problem, say=click.echo)
            command = f"python -m mfbench_committor.references {family}"
            path = store.save(reference, stem, into, command)
            click.echo(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
