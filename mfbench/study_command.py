"""`mfbench study`: a study's trials, its fits and its picture at the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from mfbench.options import again_options, machine_options

STYLES = ("rich", "markdown", "json", "csv")

FOLDER = "studies"
"""In a results folder, beside the records."""


@click.command("study")
@click.argument("name", metavar="NAME")
@click.option("-o", "--output", metavar="DIR", help="Results folder.  [mfbench-results, or $MFBENCH_RESULTS]")
@click.option("--values", metavar="X,X,...", help="Of the swept parameter, instead of the study's own.")
@click.option("--seeds", type=int, metavar="N", help="Repetitions at each value, instead of the study's.")
@click.option("--budget", metavar="TIME", help="Seconds of a trial (30s, 2min), instead of the study's.")
@machine_options
@click.option("--executor", metavar="NAME[k=v,...]", help="Where trials run, as in `mfbench run`.  [local]")
@again_options
@click.option("--format", "style", type=click.Choice(STYLES), default="rich", show_default=True)
def study_command(
    name: str,
    values: str | None,
    budget: str | None,
    retry_failed: bool,
    rerun: bool,
    dry_run: bool,
    style: str,
    plugins: tuple[str, ...],
    strict: bool,
    **options: Any,
) -> None:
    """Run a study, or a group of them, and fit its law: exponents, intervals, verdicts, and a picture.

    The same command again runs only what is missing; what is there counts also after an interruption. Writes
    studies/NAME.json, .svg and .png below the results folder. Exit codes as those of `mfbench run`: a prediction that
    fails is a result, not an error.
    """
    from mfbench import session
    from mfbench.cli import bad_input, load, not_read, results_folder
    from mfbench.conducting import conduct, prepare
    from mfbench.executors import choose
    from mfbench.report.studies import render
    from mfbench.request import Request, read_budget
    from mfbench.store import Store
    from mfbench.studies.analysis import analyse
    from mfbench.studies.choosing import chosen, values_for
    from mfbench.studies.design import abscissas, joined, make_design
    from mfbench.study_folder import answers_in, check_free, keep
    from mfbench.terminal import terminal
    from mfbench.views import plan_text

    with bad_input():
        given = {key: value for key, value in options.items() if value is not None}
        if budget is not None:
            given["budget"] = read_budget(budget)
        request = Request(**given)
        registry = load(plugins, strict)
        entries = chosen(registry, name, request)
        files = tuple(str(Path(file).resolve()) for file in plugins)
        place = choose(request, registry)
        cores = None if place.entry.away else len(os.sched_getaffinity(0))
        designs = [
            make_design(entry, wanted, request, registry, cores, files)
            for entry, wanted in zip(entries, values_for(entries, values), strict=True)
        ]
        xs = [abscissas(design) for design in designs]
        store = Store(results_folder(request.output))
        check_free(store.folder / FOLDER, [entry.name for entry in entries])
    plan = joined(design.plan for design in designs)
    todo = session.split(plan, store, retry_failed, rerun)
    not_read(todo.broken, then="; the trial is run again")
    if dry_run:
        click.echo(plan_text(plan, todo, registry), nl=False)
        return
    aside = style != "rich"
    with bad_input():
        executor = prepare(plan, todo, registry, place, store, aside)
    records = conduct(plan, todo, store, executor, aside)
    by_key = {record.key: record for record in records}
    for key, standing in todo.standing.items():  # a record that was to be replaced, and is still there
        if standing.status.final and not by_key[key].status.final:
            by_key[key] = standing
    findings = [
        analyse(design, by_key, known, answers_in(store)) for design, known in zip(designs, xs, strict=True)
    ]
    click.echo(render(findings, style, **terminal()), nl=False)
    for line in keep(name, findings, store.folder / FOLDER):
        click.echo(line, err=aside)
    sys.exit(session.exit_code(records))
