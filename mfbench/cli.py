"""The command line: parse, call, print.

Only what is light is imported here; the rest inside the commands, so that `--help` and completion stay fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from mfbench.doctor_command import doctor_command
from mfbench.elsewhere import collect_command, elsewhere_options
from mfbench.garbage import uncollected
from mfbench.options import again_options, machine_options
from mfbench.record_commands import export_command, replay_command, why_command
from mfbench.verdict_commands import ab, compare

if TYPE_CHECKING:
    from mfbench.executors import Place
    from mfbench.plan import Plan
    from mfbench.registry import Registry
    from mfbench.request import Request

DEFAULT_FOLDER = "mfbench-results"
FORMATS = ("rich", "markdown", "latex", "csv", "json")
INCOMPLETE = 1
BAD_INPUT = 2
INTERRUPTED = 130


def plugin_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that looks at plugins."""
    command = click.option("--strict", is_flag=True, help="Exit with code 2 if a plugin is broken.")(command)
    return click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="Also load this plugin file (repeatable).",
    )(command)


class Commands(click.Group):
    """Ctrl-C where no trial runs ends with the same exit code as where one does; click's own would be 1.

    What the system refuses is a sentence.
    """

    def invoke(self, context: click.Context) -> Any:
        """Run the command that was asked for."""
        if sys.stdout is None:  # closed by whoever called
            sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            raise  # click knows what to do when a reader leaves
        except OSError as error:
            forget(sys.stdout)
            fail(str(error), INCOMPLETE)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mfbench", message="mfbench %(version)s")
def main() -> None:
    """Rank solvers of rare-event PDE problems by accuracy and cost.

    `mfbench run --all` runs every installed solver on the quick preset's problems within ten
    minutes on two cores and prints a table per task.
    """


@main.command()
@click.argument("suite", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--all", "everything", is_flag=True, help="Every standard instance of the preset x every solver."
)
@click.option(
    "-p", "--problem", "problems", multiple=True, metavar="NAME[k=v,...]", help="Problem, * and ? allowed."
)
@click.option(
    "-s", "--solver", "solvers", multiple=True, metavar="NAME[k=v,...]", help="Solver, * and ? allowed."
)
@click.option("--preset", metavar="quick|standard|full", help="Which instances, seeds and budget.  [quick]")
@click.option("--seeds", type=int, metavar="N", help="Repetitions.  [1 quick, else 5]")
@click.option("--budget", metavar="TIME", help="Seconds of a trial (30s, 2min).  [60s standard, 120s full]")
@machine_options
@click.option(
    "-o", "--output", metavar="DIR", help=f"Results folder.  [{DEFAULT_FOLDER}, or $MFBENCH_RESULTS]"
)
@elsewhere_options
@again_options
@plugin_options
def run(
    suite: Path | None,
    budget: str | None,
    problems: tuple[str, ...],
    solvers: tuple[str, ...],
    retry_failed: bool,
    rerun: bool,
    dry_run: bool,
    specs: Path | None,
    plugins: tuple[str, ...],
    strict: bool,
    **options: Any,
) -> None:
    """Run trials and rank them; the same command again runs only what is missing."""
    from mfbench.executors import choose
    from mfbench.names import parse_selector
    from mfbench.plan import make_plan
    from mfbench.request import BadRequest, Request, read_budget, read_suite

    with bad_input():
        given = {name: value for name, value in options.items() if value is not None and value is not False}
        if budget is not None:
            given["budget"] = read_budget(budget)
        if problems:
            given["problems"] = tuple(parse_selector(text) for text in problems)
        if solvers:
            given["solvers"] = tuple(parse_selector(text) for text in solvers)
        request = read_suite(suite, given) if suite is not None else Request(**given)
        if not (request.problems or request.solvers or request.everything):
            raise BadRequest(
                "nothing to run: say --all, choose with -p or -s, or name a suite file that does."
            )
        registry = load(plugins, strict)
        files = tuple(str(Path(file).resolve()) for file in plugins)
        place = choose(request, registry)
        cores = None if place.entry.away or specs is not None else len(os.sched_getaffinity(0))
        plan = make_plan(request, registry, cores, plugins=files)
    sys.exit(carry_out(request, plan, registry, place, retry_failed, rerun, dry_run, specs))


def carry_out(
    request: Request,
    plan: Plan,
    registry: Registry,
    place: Place,
    retry_failed: bool,
    rerun: bool,
    dry_run: bool,
    specs: Path | None,
) -> int:
    """Show a plan, run what is missing, print the tables; returns the exit code."""
    from mfbench import job_array, session
    from mfbench.conducting import conduct, prepare
    from mfbench.identity import reducible_here
    from mfbench.labels import printable
    from mfbench.ranked import tables_text
    from mfbench.store import Store
    from mfbench.views import plan_text

    store = Store(results_folder(request.output))
    todo = session.split(plan, store, retry_failed, rerun)
    not_read(todo.broken, then="; the trial is run again")
    if dry_run or specs is not None:
        click.echo(plan_text(plan, todo, registry), nl=False)
        if specs is not None and not dry_run:
            with bad_input():
                job_array.write_specs(specs, todo.specs)
            click.echo(f"{len(todo.specs)} trials: {specs / job_array.SPECS}, numbered from 1")
        return 0
    with bad_input():
        executor = prepare(plan, todo, registry, place, store)
    records = conduct(plan, todo, store, executor)
    said = reducible_here(registry)
    click.echo(tables_text(records, "rich", [store.folder], reducible=said), nl=False)
    click.echo(printable(f"Records: {store.folder}"))
    return session.exit_code(records)


@main.command("list")
@plugin_options
def list_command(plugins: tuple[str, ...], strict: bool) -> None:
    """List problems, solvers and studies, and what is missing or broken."""
    from mfbench.views import list_text

    click.echo(list_text(load(plugins, strict, quiet=True)), nl=False)


@main.command("show")
@click.argument("name", metavar="NAME[k=v,...]")
@plugin_options
def show_command(name: str, plugins: tuple[str, ...], strict: bool) -> None:
    """Show what a problem, a solver or a study is, with its parameters, reference and source."""
    from mfbench.views import show_text

    registry = load(plugins, strict)
    with bad_input():
        text = show_text(registry, name)
    click.echo(text, nl=False)


@main.command("rank")
@click.argument("folders", nargs=-1, metavar="[DIR]...")
@click.option("--format", "style", type=click.Choice(FORMATS), default="rich", show_default=True)
@plugin_options
@uncollected()
def rank_command(folders: tuple[str, ...], style: str, plugins: tuple[str, ...], strict: bool) -> None:
    """Rank the records of results folders (default: the default folder)."""
    from mfbench.identity import ran_here, reducible_here
    from mfbench.labels import one_line
    from mfbench.ranked import tables_text
    from mfbench.rejudging import summaries_anew
    from mfbench.store import RECORDS, read_folders
    from mfbench.summaries import Summaries

    chosen = [Path(folder) for folder in folders] or [results_folder(None)]
    for folder in chosen:
        if not folder.is_dir():
            fail(f"{folder}: no such folder; expected a results folder of mfbench.")
    reading = read_folders(chosen, summaries=True)
    not_read(reading.unreadable)
    if not reading.records:
        fail(f"no records in {', '.join(map(str, chosen))}; expected JSON documents below {RECORDS}/ there.")
    registry = load(plugins, strict)
    summaries, retrial = summaries_anew(Summaries.of(reading.records), reading.paths, registry)
    for sentence in retrial.sentences():
        click.echo(one_line(sentence), err=True)
    here, said = ran_here(registry), reducible_here(registry)
    click.echo(tables_text(summaries, style, chosen, here, reducible=said), nl=False)


for command in (why_command, replay_command):
    main.add_command(plugin_options(command))  # type: ignore[arg-type]
for command in (ab, compare, collect_command, export_command, doctor_command):
    main.add_command(command)


def load(plugins: tuple[str, ...], strict: bool, quiet: bool = False) -> Registry:
    """The registry; broken plugins are named on stderr, and end the command if it is strict."""
    from mfbench.trial import registry_of

    registry = registry_of(tuple(str(Path(file).resolve()) for file in plugins))
    for broken in registry.broken:
        if strict or not quiet:
            click.echo(f"broken plugin {broken.origin}: {broken.reason}", err=True)
    if strict and registry.broken:
        sys.exit(BAD_INPUT)
    return registry


def results_folder(chosen: str | None) -> Path:
    """The results folder: as chosen, `MFBENCH_RESULTS`, or the default in the current directory."""
    return Path(chosen or os.environ.get("MFBENCH_RESULTS") or DEFAULT_FOLDER)


def fail(message: str, code: int = BAD_INPUT) -> None:
    """End with a message and an exit code; with the code alone where errors cannot be written either."""
    from mfbench.labels import printable

    try:
        click.echo(f"Error: {printable(message)}", err=True)
    except OSError:
        forget(sys.stderr)
    sys.exit(code)


def forget(stream: TextIO) -> None:
    """Let go of what is buffered where a stream takes no more: it could not be written at the exit either."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def not_read(unreadable: list[tuple[Path, str]], then: str = "") -> None:
    """Name the documents that cannot be read."""
    from mfbench.labels import one_line

    for path, reason in unreadable:
        click.echo(one_line(f"not read: {path}: {reason}{then}"), err=True)


@contextmanager
def bad_input() -> Iterator[None]:
    """Turn what a user got wrong into a message and exit code 2."""
    from mfbench.names import NameProblem
    from mfbench.parameters import ParameterError
    from mfbench.request import BadRequest

    try:
        yield
    except (NameProblem, ParameterError, BadRequest, OSError) as error:
        fail(str(error))


from mfbench.check_command import check_command  # noqa: E402 - a command of its own module, which uses this one
from mfbench.study_command import study_command  # noqa: E402 - another one

for command in (check_command, study_command):
    main.add_command(plugin_options(command))  # type: ignore[arg-type]
