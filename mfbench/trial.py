"""One trial: a spec in, a record out, whatever happens in between.

`python -m mfbench.trial SPEC.json RECORD.json` does the same for another interpreter, a job array, or debugging.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from mfbench import availability, fork_server, isolation, provenance, scoring
from mfbench.closure import code_hash
from mfbench.confinement import STDERR
from mfbench.identity import code_here, is_edited, versions_here
from mfbench.journal import read_journal
from mfbench.judges import judge_of
from mfbench.names import unknown
from mfbench.occupancy import busy_seconds, by_others
from mfbench.order import Order
from mfbench.points import fingerprint, write_points
from mfbench.record import PROTOCOL, Record, Spec, Status, Usage, finite
from mfbench.registry import Registry, load_registry
from mfbench.room import set_aside
from mfbench.scratch import scratch
from mfbench.seeds import problem_seed, solver_seed
from mfbench.slots import Interrupted, slots
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.stopping import never
from mfbench.store import MOST_RECORD, UNREADABLE, write_record
from mfbench.strangers import read_file
from mfbench.tasks.judging import Judge
from mfbench.tasks.known import TASKS

EDITED = "its code was edited while this host ran, so which one ran is unknown; the same command runs it anew"


@dataclass(frozen=True)
class Progress:
    """A running trial, for whoever shows it: its journal and the judge that reads it."""

    spec: Spec
    journal: Path
    judge: Judge


@dataclass
class Result:
    """A record and the scored values that belong to it."""

    record: Record
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def run_trial(
    spec: Spec,
    stopping: Callable[[], bool] = never,
    started: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """Run one trial to its record; never raises.

    Args:
        spec: what to run.
        stopping: becomes true when the host wants to stop; the trial is then interrupted.
        started: called when the child is about to start.
    """
    began = now()
    try:
        if spec.protocol != PROTOCOL:
            sentence = f"protocol {spec.protocol}; this mfbench runs {PROTOCOL}"
            return Result(blank(spec, began, Status.ERROR, sentence))
        return _run(spec, began, stopping, started)
    except Interrupted:
        return Result(blank(spec, began, Status.INTERRUPTED, "interrupted before it started"))
    except KeyboardInterrupt:
        return Result(blank(spec, began, Status.INTERRUPTED, "interrupted with its host"))
    except BaseException as error:
        traceback.print_exc()
        # A full disk, too little memory for the host: it may be otherwise next time, and is not the solver's fault.
        status = Status.INTERRUPTED if isinstance(error, OSError | MemoryError) else Status.ERROR
        return Result(blank(spec, began, status, f"outside the solver: {type(error).__name__}: {error}"))


@dataclass(frozen=True)
class Case:
    """A spec with everything that its names stand for."""

    spec: Spec
    problem: ProblemEntry
    solver: SolverEntry
    judge: Judge
    versions: dict[str, str]


def _run(spec: Spec, began: str, stopping: Callable[[], bool], started: Callable[[Progress], None]) -> Result:
    if stopping():
        raise Interrupted
    cell, registry = spec.cell, registry_of(spec.plugins)
    problem = registry.problems.get(cell.problem)
    if problem is None:
        raise unknown("problem", cell.problem, registry.problems)
    solver = registry.solvers.get((cell.task, cell.solver))
    if solver is None:
        raise unknown("solver", cell.solver, (name for task, name in registry.solvers if task == cell.task))
    reason = availability.why_not(registry, problem, cell.problem_parameters, solver, cell.device)
    if reason is not None:
        return Result(blank(spec, began, Status.UNSUPPORTED, reason))
    fork_server.start(solver.extras)  # of this trial alone, unless a session has started it for many
    versions = versions_here(problem, solver, registry.origins[solver.task, solver.name])
    code_hash(problem.judge, problem.parameters)  # before it is imported: the code that judged is named
    judge = judge_of(problem, cell.problem_parameters, cell.seed)
    case = Case(spec, problem, solver, judge, versions)
    folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="trial-"))
    load = os.getloadavg()[0]
    gpus = availability.gpus() if cell.device == "cuda" else ()
    try:
        with (  # whoever waits for a GPU holds no core
            slots("gpu", gpus, int(cell.device == "cuda"), stopping) as gpu,
            slots("core", sorted(os.sched_getaffinity(0)), spec.limits.threads, stopping) as cores,
        ):
            order = make_order(case, folder, cores, gpu)
            started(Progress(spec, Path(order.journal), judge))
            busy = busy_seconds(cores)
            outcome = isolation.run_child(order, stopping)
            busy_after = busy_seconds(cores)
        blocks = (block for block, _ in read_journal(Path(order.journal)))
        findings = scoring.Findings.of(scoring.sound(blocks, judge))
        record, arrays = conclude(case, findings, outcome)
        if is_edited(problem, solver):
            return Result(blank(spec, began, Status.INTERRUPTED, EDITED))
        usage = msgspec.structs.replace(
            record.usage,
            seconds_others=by_others(busy, busy_after, record.usage.seconds_cpu),
            load_start=load,
            load_end=os.getloadavg()[0],
        )
        return Result(
            msgspec.structs.replace(record, started=began, usage=usage, stderr=outcome.stderr), arrays
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_order(case: Case, folder: Path, cores: list[int], gpu: list[str]) -> Order:
    """Resolve a spec for its child, and put the judge's points where it finds them."""
    problem, solver, cell, limits = case.problem, case.solver, case.spec.cell, case.spec.limits
    set_aside(folder / "journal", folder / STDERR, case.judge.inquiry, cell.budget)
    return Order(
        build=problem.build,
        run=solver.run,
        problem_parameters=cell.problem_parameters,
        solver_parameters=cell.solver_parameters,
        problem_type=type_path(problem.parameters),
        solver_type=type_path(solver.parameters),
        problem_seed=problem_seed(problem.name, cell.seed),
        solver_seed=solver_seed(problem.name, solver.name, cell.seed),
        plugins=tuple(str(Path(file).resolve()) for file in case.spec.plugins),
        points=write_points(case.judge.inquiry, folder / "points"),
        journal=str(folder / "journal"),
        folder=str(folder),
        device=cell.device,
        cores=tuple(cores),
        gpu=gpu[0] if gpu else None,
        memory_mb=limits.memory_mb,
        budget=cell.budget,
        evaluation_cap=limits.evaluation_cap(cell.budget),
        limit=limits.wall(cell.budget),
        logarithms=cell.task not in TASKS or TASKS[cell.task].logarithms,
    )


def conclude(
    case: Case, findings: scoring.Findings, outcome: isolation.Outcome
) -> tuple[Record, dict[str, np.ndarray]]:
    """The record of a child that has ended, and the scored values that belong to it."""
    judge, budget = case.judge, case.spec.cell.budget
    status, sentence = scoring.judge_status(findings, budget, outcome.exitcode, outcome.killed)
    scored, ended = findings.scored(budget), findings.ended
    curve = scoring.curve_of(findings, budget, judge)
    seconds_to_target, work_to_target = scoring.first_reached(curve, case.problem.targets, judge.floor)
    setup = findings.setup.seconds if findings.setup else None
    record = msgspec.structs.replace(
        blank(case.spec, "", status, sentence),
        headline=judge.headline_name,
        curve=curve,
        targets=[float(target) for target in case.problem.targets],
        seconds_to_target=seconds_to_target,
        work_to_target=work_to_target,
        usage=Usage(
            seconds_setup=setup,
            seconds_solve=ended.seconds - setup if ended is not None and setup is not None else None,
            seconds_evaluate=ended.seconds_evaluate if ended else None,
            seconds_wall=outcome.seconds,
            seconds_cpu=ended.seconds_cpu if ended else None,
            peak_memory_mb=finite(ended.peak_memory_mb) if ended else None,
            threads=findings.began.threads if findings.began else None,
        ),
        judge=code_hash(case.problem.judge, case.problem.parameters),
        code=code_here(case.problem, case.solver),
        versions=case.versions,
        control=case.solver.control,
    )
    if scored is None:
        return record, {}
    record = msgspec.structs.replace(
        record,
        work=scored.work,
        points=fingerprint(judge.inquiry) if status is Status.OK else "",
        reports={name: value for name, value in scored.reports.items() if np.isfinite(value)},
    )
    if status is not Status.OK:
        return record, {}
    answers = scoring.answers_of(scored, judge)
    arrays = {"looks": answers.looks} | scoring.milestones_of(findings, budget)
    if answers.finals is not None and answers.gradients is not None:
        arrays |= {"finals": answers.finals, "gradients": answers.gradients}
    told = scored.differences if answers.gradients is not None and answers.gradients.size else None
    metrics = scoring.metrics_of(answers, judge)
    sentence = scoring.remarked(sentence, case.spec.cell.task, metrics)
    return msgspec.structs.replace(record, sentence=sentence, metrics=metrics, differences=told), arrays


def blank(spec: Spec, began: str, status: Status, sentence: str) -> Record:
    """A record that says what became of a trial and nothing more."""
    return Record(
        key=spec.key,
        cell=spec.cell,
        limits=spec.limits,
        status=status,
        sentence=sentence,
        started=began,
        headline=TASKS[spec.cell.task].headline if spec.cell.task in TASKS else "",
        machine=provenance.machine(),
    )


_loading = threading.Lock()


def registry_of(plugins: tuple[str, ...]) -> Registry:
    """The registry with these plugin files, loaded once per process."""
    with _loading:  # two threads must not import one plugin file at the same time
        return _registry(plugins)


@cache
def _registry(plugins: tuple[str, ...]) -> Registry:
    return load_registry(plugins)


def type_path(kind: type) -> str:
    """ "module:class" of a parameter dataclass."""
    return f"{kind.__module__}:{kind.__qualname__}"


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(arguments: list[str]) -> int:
    """Read a spec, run it, write its record, and beside it the scored values as .npz.

    Returns:
        The exit code: 0, 1 for a status that alarms, 2 for bad input, 130 if interrupted.
    """
    if len(arguments) != 2:
        print("usage: python -m mfbench.trial SPEC.json RECORD.json", file=sys.stderr)
        return 2
    source, target = map(Path, arguments)
    try:
        spec = msgspec.json.decode(read_file(source, MOST_RECORD), type=Spec)
    except UNREADABLE as error:
        print(f"{source}: {error}", file=sys.stderr)
        return 2
    if not target.parent.is_dir():
        print(f"{target}: there is no folder {target.parent}.", file=sys.stderr)
        return 2
    result = run_trial(spec)
    try:
        write_record(target, result.record, result.arrays)
    except OSError as error:
        print(f"{target}: {error}; the trial has no record.", file=sys.stderr)
        return 1
    return 130 if result.record.status is Status.INTERRUPTED else int(result.record.status.alarming)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
