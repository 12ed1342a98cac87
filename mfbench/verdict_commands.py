"""The commands that hold a head against a base; registered by `cli`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import click

STYLES = ("rich", "markdown", "json")
BUDGET = 10.0
SEEDS = 5


class Gate(click.Command):
    """A command whose exit code 1 says one thing, a regression: whatever goes wrong is a sentence and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        from mfbench.cli import fail

        try:
            return super().invoke(context)
        except click.ClickException as error:
            error.show()
            sys.exit(2)
        except (click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            fail(f"no verdict: {type(error).__name__}: {error}")


fail_on = click.option(
    "--fail-on",
    metavar="QUANTITY=PERCENT%,...",
    help="How much worse accuracy and cost may get; what is not named never fails.  [accuracy=10%; ab: and cost=20%]",
)
style_option = click.option("--format", "style", type=click.Choice(STYLES), default="rich", show_default=True)


@click.command(cls=Gate)
@click.argument("base", metavar="BASE")
@click.argument("head", metavar="HEAD")
@click.argument("suite", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-p", "--problem", "problems", multiple=True, metavar="NAME[k=v,...]", help="Problem, * and ? allowed."
)
@click.option(
    "-s", "--solver", "solvers", multiple=True, metavar="NAME[k=v,...]", help="Solver, * and ? allowed."
)
@click.option(
    "--all", "everything", is_flag=True, help="Every standard instance of the preset x every solver."
)
@click.option("--preset", metavar="quick|standard|full", help="Which instances.  [quick]")
@click.option(
    "--seeds", type=int, metavar="N", help=f"Seeds of a look; a second look takes N others.  [{SEEDS}]"
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=2,
    show_default=True,
    help="How often each side runs a seed.",
)
@click.option("--budget", metavar="TIME", help=f"Seconds of a trial (30s, 2min).  [{BUDGET:g}s]")
@click.option("--device", metavar="auto|cpu|cuda", help="Device class.  [auto]")
@click.option("--threads", type=int, metavar="N", help="Cores of a trial.  [1]")
@click.option("--memory", "memory_mb", type=int, metavar="MB", help="Memory limit of a trial.  [8192]")
@click.option(
    "--plugin", "plugins", multiple=True, metavar="FILE", type=click.Path(exists=True, dir_okay=False),
    help="Both sides also load this plugin file (repeatable).",
)  # fmt: skip
@fail_on
@style_option
def ab(
    base: str,
    head: str,
    suite: Path | None,
    problems: tuple[str, ...],
    solvers: tuple[str, ...],
    budget: str | None,
    rounds: int,
    plugins: tuple[str, ...],
    fail_on: str | None,
    style: str,
    **options: Any,
) -> None:
    """Run HEAD against BASE, two interpreters or wheels, on this machine; exit code 1 on a regression.

    Trials alternate between the sides. A cell that seems to be worse is run again with fresh seeds and
    fails only if it seems so again. PYTHONPATH is not passed on: each side sees its own installation.
    """
    import msgspec

    from mfbench.ab import judge_sides
    from mfbench.cli import INTERRUPTED, bad_input
    from mfbench.gates import DEFAULT, read_gates
    from mfbench.interleaving import Runner, Stopped
    from mfbench.names import parse_selector
    from mfbench.request import BadRequest, Request, read_budget, read_suite
    from mfbench.sides import open_side
    from mfbench.stopping import stop_on_signal

    with bad_input(), tempfile.TemporaryDirectory(prefix="mfbench-ab-") as name:
        folder = Path(name)
        given = {key: value for key, value in options.items() if value is not None and value is not False}
        if budget is not None:
            given["budget"] = read_budget(budget)
        if problems:
            given["problems"] = tuple(map(parse_selector, problems))
        if solvers:
            given["solvers"] = tuple(map(parse_selector, solvers))
        request = read_suite(suite, given) if suite is not None else Request(**given)
        if not (request.problems or request.solvers or request.everything):
            raise BadRequest(
                "nothing to run: choose with -p or -s, say --all, or name a suite file that does."
            )
        # A preset's own budget depends on what is installed, and the sides must have the same.
        request = msgspec.structs.replace(
            request, seeds=request.seeds or SEEDS, budget=request.budget or BUDGET, output=None
        )
        gates = read_gates(DEFAULT if fail_on is None else fail_on)
        files = tuple(str(Path(file).resolve()) for file in plugins)
        with stop_on_signal() as stopping:
            sides = open_side("base", base, folder), open_side("head", head, folder)
            runner = Runner(*sides, rounds, folder, stopping)
            try:
                verdict = judge_sides(runner, request, files, gates, lambda line: click.echo(line, err=True))
            except Stopped:
                click.echo("interrupted", err=True)
                sys.exit(INTERRUPTED)
    finish(verdict, style)


@click.command(cls=Gate)
@click.argument("base", metavar="BASE", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("head", metavar="HEAD", type=click.Path(exists=True, file_okay=False, path_type=Path))
@fail_on
@style_option
def compare(base: Path, head: Path, fail_on: str | None, style: str) -> None:
    """Hold the records in folder HEAD against those in BASE; exit code 1 on a regression.

    Compares status, and the error at equal counted work. A gate on cost is refused unless all of it ran on
    one machine. Default gate: accuracy=10%.
    """
    from mfbench.cli import bad_input
    from mfbench.folders import judge_folders
    from mfbench.gates import read_gates
    from mfbench.labels import one_line, printable
    from mfbench.store import read_folders

    with bad_input():
        gates = read_gates("accuracy=10%" if fail_on is None else fail_on)
        readings = [read_folders([folder]) for folder in (base, head)]
        for reading in readings:
            for path, reason in reading.unreadable:
                click.echo(one_line(f"not read: {path}: {reason}"), err=True)
        names = printable(str(base)), printable(str(head))
        verdict = judge_folders(names, readings[0].records, readings[1].records, gates)
    finish(verdict, style)


def finish(verdict: Any, style: str) -> None:
    """Print a verdict and leave with its exit code; 2 if there is no regression and that cannot be printed."""
    from mfbench.cli import fail, forget
    from mfbench.report.comparison import render
    from mfbench.terminal import terminal

    text = render(verdict, style, **terminal())
    try:
        click.echo(text, nl=False)
    except OSError as error:
        forget(sys.stdout)
        what = "a regression" if verdict.regressed else "no regression"
        fail(f"the verdict, {what}, cannot be printed: {error}", 1 if verdict.regressed else 2)
    sys.exit(int(verdict.regressed))
