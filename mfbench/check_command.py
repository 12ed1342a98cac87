"""`mfbench check`: the conformance kit at the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAME[k=v,...]...")
@click.option(
    "-p", "--problem", "on", metavar="NAME[k=v,...]", help="Try solvers on this problem.  [a small one]"
)
@click.option("--budget", metavar="TIME", help="Seconds of a solver's trial.  [5s to 20s, by its start]")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    help="Results folder, where counted work is kept.  [mfbench-results, or $MFBENCH_RESULTS]",
)
def check_command(
    names: tuple[str, ...],
    on: str | None,
    budget: str | None,
    output: str | None,
    plugins: tuple[str, ...],
    strict: bool,
) -> None:
    """Check that solvers and problems keep the rules of a plugin.

    Exit code 0: no check failed; 1: some did; 2: bad input.
    """
    from mfbench import isolation
    from mfbench.cli import bad_input, load, results_folder
    from mfbench.conformance.kit import check_all
    from mfbench.conformance.subjects import choose
    from mfbench.conformance.verdict import failures
    from mfbench.request import read_budget
    from mfbench.views import check_text
    from mfbench.work_checks import keep

    files = tuple(str(Path(file).resolve()) for file in plugins)
    with bad_input():
        seconds = None if budget is None else read_budget(budget)
        registry = load(plugins, strict)
        subjects = choose(registry, names, on)
    failed = 0
    with isolation.expecting_more():
        for findings in check_all(subjects, registry, files, seconds):
            click.echo(check_text(findings), nl=False)
            failed += bool(failures(findings.verdicts))
            if findings.work is not None:
                with bad_input():
                    keep(results_folder(output), findings.work)
    sys.exit(int(failed > 0))
