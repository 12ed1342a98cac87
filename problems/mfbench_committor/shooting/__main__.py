"""Make the stored references anew: `python -m mfbench_committor.shooting ginzburg-landau`."""

from __future__ import annotations

from pathlib import Path

import click

import mfbench_committor
from mfbench_committor.shooting import store
from mfbench_committor.shooting.reference import simulate
from mfbench_committor.shooting.standing import ENTRIES, standing_problems


@click.command()
@click.argument("families", nargs=-1, required=True, type=click.Choice(sorted(ENTRIES)))
@click.option("--only", default="", help="Only instances whose file name contains this.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(mfbench_committor.__file__).parent / "shot_data",
    help="Folder for the .npz and .json files; the package's own by default.",
)
def main(families: tuple[str, ...], only: str, into: Path) -> None:
    """Simulate every standing instance of FAMILIES and store points, counts, rates and error bars."""
    into.mkdir(parents=True, exist_ok=True)
    for family in families:
        for stem, problem in standing_problems(family).items():
            if only not in stem:
                continue
            reference = simulate(problem, say=click.echo)
            path = store.save(reference, stem, into, f"python -m mfbench_committor.shooting {family}")
            click.echo(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
