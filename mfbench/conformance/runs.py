"""The runs behind the checks of a solver: one trial by the clock, and two probes that nobody times."""

from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from mfbench import availability, fork_server, isolation, provenance
from mfbench.conformance.subjects import Subject
from mfbench.conformance.verdict import Verdict, failed, skipped
from mfbench.judges import judge_of
from mfbench.order import Probe
from mfbench.plan import Instance, make_spec
from mfbench.probe import Manners, read_manners
from mfbench.record import Limits, Record, Spec
from mfbench.registry import Registry
from mfbench.request import Request
from mfbench.scoring import death_sentence
from mfbench.scratch import scratch
from mfbench.slots import slots
from mfbench.solver import SolverEntry
from mfbench.stopping import never
from mfbench.trial import Case, make_order, run_trial

BUDGET = 20.0
"""Seconds of the trial, so that compiling fits into it."""

LEAST_BUDGET = 5.0
"""Seconds of the trial of a solver that starts fast."""

STARTS = 2.0
"""A trial is so many times as long as the start that a probe saw, so that there is something of it beside the start."""

PROBE_BUDGET = 5.0
"""Seconds that a probe's solver believes to have, by its own clock."""

PROBE_LIMIT = 50.0
"""Wall seconds after which a probe is killed."""


@dataclass(frozen=True)
class Runs:
    """What was seen of a solver.

    Args:
        record: of the trial.
        first, second: two probes with one seed.
        counted: the probes count evaluations; they do not if the solver could not run on what is counted.
        death: how the first probe's process died; "" if it did not.
        budget: seconds that were granted; the trial may have had fewer.
        limit: seconds of the trial's solver after which it would be killed.
    """

    record: Record
    first: Manners
    second: Manners
    counted: bool
    death: str
    budget: float
    limit: float

    def unseen(self, check: str) -> Verdict:
        """Of a check of which the first probe saw nothing; a solver whose trial went well has to run there, too."""
        why = f"the run behind it did not get there: {self.first.ended or self.death or 'no checkpoint'}"
        if self.record.scored:
            return failed(check, f"{why}; its trial went well.")
        return skipped(check, f"{why}.")


def run_solver(
    subject: Subject, registry: Registry, plugins: tuple[str, ...], budget: float | None = None
) -> Runs:
    """Run a solver on its problem: a trial and two probes, side by side as far as there are cores.

    Args:
        subject: the solver, its parameters and its problem.
        registry: what there is.
        plugins: files of plugins.
        budget: seconds of the trial; None: as many as the solver's start needs, and `BUDGET` if they do not do.
    """
    solver, problem = subject.entry, subject.problem
    assert isinstance(solver, SolverEntry)
    assert problem is not None
    granted = BUDGET if budget is None else budget

    def spec_of(seconds: float) -> Spec:
        case = Instance(solver, subject.parameters)
        made = make_spec(Request(), registry, problem, case, 0, "cpu", seconds, plugins)
        limits = Limits(grace=min(seconds, 10.0), evaluation=min(seconds, 10.0))
        return msgspec.structs.replace(made, limits=limits)

    needed = availability.requirements(solver, registry.origins[solver.task, solver.name])
    judge = judge_of(problem.entry, problem.parameters, 0)
    case = Case(spec_of(granted), problem.entry, solver, judge, provenance.versions(needed))
    fork_server.start(tuple(solver.extras))
    with ThreadPoolExecutor(max_workers=min(3, len(os.sched_getaffinity(0)))) as pool:
        # A trial whose length is known comes first, it is mostly the longest; else the first probe tells its length.
        trial = None if budget is None else pool.submit(run_trial, spec_of(granted))
        probes = [pool.submit(_probe, case, Probe(salt=salt)) for salt in (1, 2)]
        first, death = probes[0].result()
        seconds = granted if budget is not None else _enough(first)
        trial = trial or pool.submit(run_trial, spec_of(seconds))
        second, _ = probes[1].result()
        record = trial.result().record
        if seconds < granted and (not record.scored or killed_at_limit(record)):
            seconds = granted
            record = run_trial(spec_of(seconds)).record
        counted = not record.scored or (first.yields > 0 and not first.raised)
        if not counted:
            probes = [pool.submit(_probe, case, Probe(counts=False, salt=salt)) for salt in (1, 2)]
            (first, death), (second, _) = (probe.result() for probe in probes)
    limit = 1.25 * seconds + record.limits.grace
    return Runs(record, first, second, counted, death, granted, limit)


def killed_at_limit(record: Record) -> bool:
    """Whether a trial's solver neither yielded nor ended in time."""
    return record.sentence.startswith("killed at the limit")


def _enough(first: Manners) -> float:
    """Seconds of a trial in which a solver gets well beyond its start, by what a probe saw of it."""
    if first.ended not in ("finished", "stopped"):
        return BUDGET
    return min(BUDGET, max(LEAST_BUDGET, STARTS * first.start))


def _probe(case: Case, probe: Probe) -> tuple[Manners, str]:
    """One probe's findings, and how its process died."""
    cell = msgspec.structs.replace(case.spec.cell, budget=PROBE_BUDGET)
    spec: Spec = msgspec.structs.replace(case.spec, cell=cell)
    folder = Path(tempfile.mkdtemp(dir=scratch(), prefix="probe-"))
    try:
        with slots("core", sorted(os.sched_getaffinity(0)), spec.limits.threads, never) as cores:
            order = make_order(replace(case, spec=spec), folder, cores, [])
            order = msgspec.structs.replace(order, probe=probe, limit=PROBE_LIMIT)
            outcome = isolation.run_child(order, never)
        death = "it was killed at its limit" if outcome.killed == "limit" else ""
        if not death and outcome.exitcode != 0:
            death = death_sentence(outcome.exitcode)
        return read_manners(folder), death
    finally:
        shutil.rmtree(folder, ignore_errors=True)
