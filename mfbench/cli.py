"""The command line: parse, call, print.

Only click is imported here; everything else inside the commands, so that `--help` and completion
stay fast.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mfbench.plan import Plan
    from mfbench.record import Cell, Record
    from mfbench.reference import Reference
    from mfbench.registry import Registry
    from mfbench.request import Request
    from mfbench.session import Todo
    from mfbench.solver import ProblemEntry

DEFAULT_FOLDER = "mfbench-results"
FORMATS = ("rich", "markdown", "latex", "csv", "json")
BAD_INPUT = 2


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


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
@click.option("--device", metavar="auto|cpu|cuda", help="Device class.  [auto]")
@click.option("--jobs", type=int, metavar="N", help="Trials at the same time.  [cores / threads]")
@click.option("--threads", type=int, metavar="N", help="Cores of a trial.  [1]")
@click.option("--memory", "memory_mb", type=int, metavar="MB", help="Memory limit of a trial.  [8192]")
@click.option(
    "-o", "--output", metavar="DIR", help=f"Results folder.  [{DEFAULT_FOLDER}, or $MFBENCH_RESULTS]"
)
@click.option("--retry-failed", is_flag=True, help="Run trials again that failed.")
@click.option("--rerun", is_flag=True, help="Run trials again whatever became of them.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@plugin_options
def run(
    suite: Path | None,
    budget: str | None,
    problems: tuple[str, ...],
    solvers: tuple[str, ...],
    retry_failed: bool,
    rerun: bool,
    dry_run: bool,
    plugins: tuple[str, ...],
    strict: bool,
    **options: Any,
) -> None:
    """Run trials and rank them; the same command again runs only what is missing."""
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
        plan = make_plan(request, registry, cores=len(os.sched_getaffinity(0)), plugins=files)
    sys.exit(carry_out(request, plan, registry, retry_failed, rerun, dry_run))


def carry_out(
    request: Request, plan: Plan, registry: Registry, retry_failed: bool, rerun: bool, dry_run: bool
) -> int:
    """Show a plan, run what is missing, print the tables; returns the exit code."""
    from rich.console import Console

    from mfbench import executors, session
    from mfbench.progress import observer
    from mfbench.store import Store

    store = Store(results_folder(request.output))
    todo = session.split(plan, store, retry_failed, rerun)
    show_plan(plan, todo, registry)
    if dry_run:
        return 0
    with bad_input():
        store.check_writable()
    with stop_on_signal() as stopping, observer(Console(), todo.specs, plan) as watcher:
        records = session.run(plan, todo, store, executors.local(plan.jobs), watcher, stopping)
    print_tables(records, "rich")
    click.echo(f"Records: {store.folder}")
    return session.exit_code(records)


def show_plan(plan: Plan, todo: Todo, registry: Registry) -> None:
    """Print what is going to be run, what cannot be and why, and how long it takes."""
    from mfbench.parameters import describe
    from mfbench.report.plan import plan_table

    def names(cell: Cell) -> tuple[str, str]:
        problem, solver = registry.problems[cell.problem], registry.solvers[cell.task, cell.solver]
        return (
            problem.name + describe(problem.parameters, cell.problem_parameters),
            solver.name + describe(solver.parameters, cell.solver_parameters),
        )

    counts = Counter((*names(spec.cell), plan.expected[spec.key]) for spec in todo.specs)
    rows = [(problem, solver, count, seconds) for (problem, solver, seconds), count in counts.items()]
    refused = dict.fromkeys((*names(spec.cell), reason) for spec, reason in plan.unsupported)
    click.echo(plan_table(rows, refused, plan.minutes(todo.specs), **terminal()), nl=False)
    if todo.kept:
        click.echo(f"{len(todo.kept)} of {len(plan.specs)} trials have their records already.")


@main.command("list")
@plugin_options
def list_command(plugins: tuple[str, ...], strict: bool) -> None:
    """List problems and solvers, and what is missing or broken."""
    from mfbench import availability
    from mfbench.report.catalogue import list_entries

    registry = load(plugins, strict, quiet=True)
    solvers = [
        (entry, availability.missing(entry, registry.origins[key])) for key, entry in registry.solvers.items()
    ]
    broken = [(str(one.origin), one.reason) for one in registry.broken]
    click.echo(list_entries(registry.problems.values(), solvers, broken, **terminal()), nl=False)


@main.command("show")
@click.argument("name", metavar="NAME[k=v,...]")
@plugin_options
def show_command(name: str, plugins: tuple[str, ...], strict: bool) -> None:
    """Show what a problem or a solver is, with its parameters, reference and source."""
    from mfbench import availability
    from mfbench.names import parse_selector, unknown
    from mfbench.report.pages import show_problem, show_solver

    registry = load(plugins, strict)
    with bad_input():
        selector = parse_selector(name)
        problems = selector.matching(registry.problems)
        solvers = [key for key in registry.solvers if selector.matching([key[1]])]
        if not problems and not solvers:
            raise unknown(
                "problem or solver",
                selector.glob,
                [*registry.problems, *(key[1] for key in registry.solvers)],
            )
        for problem in problems:
            parameters, references = references_of(registry.problems[problem], selector.parameters)
            click.echo(
                show_problem(registry.problems[problem], references, parameters, **terminal()), nl=False
            )
        for key in solvers:
            origin = registry.origins[key]
            missing = availability.missing(registry.solvers[key], origin)
            click.echo(
                show_solver(registry.solvers[key], missing, origin.distribution, **terminal()), nl=False
            )


@main.command("rank")
@click.argument("folders", nargs=-1, metavar="DIR...")
@click.option("--format", "style", type=click.Choice(FORMATS), default="rich", show_default=True)
def rank_command(folders: tuple[str, ...], style: str) -> None:
    """Rank the records of results folders (default: the default folder)."""
    from mfbench.store import read_folders

    chosen = [Path(folder) for folder in folders] or [results_folder(None)]
    for folder in chosen:
        if not folder.is_dir():
            fail(f"{folder}: no such folder; expected a results folder of mfbench.")
    reading = read_folders(chosen)
    for path, reason in reading.unreadable:
        click.echo(f"not read: {path}: {reason}", err=True)
    if not reading.records:
        fail(f"no records in {', '.join(map(str, chosen))}.")
    print_tables(reading.records, style)


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


def references_of(problem: ProblemEntry, overrides: dict[str, Any]) -> tuple[Any, tuple[Reference, ...]]:
    """The parameters of an instance and its judge's references; none, said on stderr, if it has no judge."""
    from mfbench.judges import judge_of
    from mfbench.parameters import make_parameters, parameter_document

    parameters = make_parameters(problem.parameters, overrides, f"problem {problem.name}")
    try:
        return parameters, judge_of(problem, parameter_document(parameters), 0).references
    except Exception as error:  # a stranger's judge may raise anything; the rest is still worth showing
        click.echo(f"no reference for {problem.name}: {type(error).__name__}: {error}", err=True)
        return parameters, ()


def print_tables(records: list[Record], style: str) -> None:
    """Print ranked tables in a format."""
    from mfbench.ranking import rank
    from mfbench.report.tables import render

    click.echo(render(rank(records), style, **terminal()), nl=False)


def terminal() -> dict[str, Any]:
    """How text for standard output is to be laid out."""
    if not sys.stdout.isatty():
        return {}
    return {"terminal": True, "width": shutil.get_terminal_size().columns}


def results_folder(chosen: str | None) -> Path:
    """The results folder: as chosen, `MFBENCH_RESULTS`, or the default in the current directory."""
    return Path(chosen or os.environ.get("MFBENCH_RESULTS") or DEFAULT_FOLDER)


def fail(message: str) -> None:
    """End with the exit code of bad input."""
    click.echo(f"Error: {message}", err=True)
    sys.exit(BAD_INPUT)


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


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Ctrl-C or SIGTERM once: running trials end and are recorded; twice: the host ends at once."""
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        if stopped:
            os._exit(128 + number)
        stopped = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main()
