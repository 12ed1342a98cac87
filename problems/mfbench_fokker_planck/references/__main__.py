"""Make the stored references anew: `python -m mfbench_fokker_planck.references swimmer`."""

from __future__ import annotations

from pathlib import Path

import click

import mfbench_fokker_planck
from mfbench_fokker_planck.references import dumbbell, store, swimmer

MAKERS = {"dumbbell": dumbbell.arrays_and_record, "swimmer": swimmer.arrays_and_record}


@click.command()
@click.argument("names", nargs=-1, required=True, type=click.Choice(sorted(MAKERS)))
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(mfbench_fokker_planck.__file__).parent / "data",
    help="Folder for the .npz and .json files; the package's own by default.",
)
def main(names: tuple[str, ...], into: Path) -> None:
    """Solve for the laws NAMES on grids, some minutes each, and store points, values and error bars."""
    into.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = store.save(*MAKERS[name](click.echo), name, into)
        click.echo(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
