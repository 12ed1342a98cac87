"""Tables of figures: rows of problems with goals, measured by trials over seeds, printed beside their goals.

What the scripts of this folder share that measure solvers against a plan; it is not run by itself.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from mfbench import executors, session
from mfbench.names import Selector
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.store import Store

HEADLINES = ("wrmse", "log_density_rms")
"""Metrics that curves hold."""
SECONDS = (15, 30, 60, 120, 300)
"""At which the error's fall is shown."""


@dataclass(frozen=True)
class Row:
    """One line of the table: a metric of one instance, its goal and stretch, the solver where it is not the script's."""

    problem: str
    goal: float
    stretch: float
    parameters: dict[str, str] = field(default_factory=dict)
    budget: float = 120.0
    metric: str = "wrmse"
    solver: str | None = None

    @property
    def title(self) -> str:
        """As a selector is written."""
        return f"{self.problem}[{','.join(f'{key}={value}' for key, value in self.parameters.items())}]"


class Printer:
    def started(self, progress):
        pass

    def finished(self, record):
        error = "inf" if record.error is None else f"{record.error:.2e}"
        print(f"  seed {record.cell.seed}: {record.status}, error {error}; {record.sentence}", flush=True)


def measured(row, solver, registry, store, seeds):
    """The records of one row's trials; rows of the same instance share them."""
    request = Request(
        problems=(Selector(row.problem, row.parameters),),
        solvers=(Selector(solver, {}),),
        seeds=seeds,
        budget=row.budget,
    )
    plan = make_plan(request, registry, cores=len(os.sched_getaffinity(0)))
    todo = session.split(plan, store)
    return session.run(plan, todo, store, executors.local(plan.jobs), Printer(), lambda: False)


def table(rows, solvers, description):
    """Parse a script's arguments, measure its rows and print them."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="rows whose title holds it; may be given again"
    )
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder of the records; a temporary one if not given"
    )
    parser.add_argument("solvers", nargs="*", metavar="SOLVER")
    asked = parser.parse_args()
    registry = load_registry()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(asked.output or folder))
        for given in asked.solvers or solvers:
            for row in rows:
                solver = given or row.solver
                if any(word in row.title for word in asked.only or [""]):
                    print(f"{solver} on {row.title}, {row.budget:g} s", flush=True)
                    records = [r for r in measured(row, solver, registry, store, asked.seeds) if r.scored]
                    lines += report(row, solver, records, asked.seeds)
    print("\n".join(lines))


def report(row, solver, records, seeds):
    """The lines of one row."""
    values = sorted(value_of(record, row.metric) for record in records)
    values += [float("inf")] * (seeds - len(values))
    middle = median(values)
    verdict = "stretch" if middle <= row.stretch else "goal" if middle <= row.goal else "missed"
    lines = [
        f"{solver:14s} {row.title} {row.metric}: goal {row.goal:g}, stretch {row.stretch:g}, "
        f"median {middle:.2e}, worst {values[-1]:.2e} ({verdict})"
    ]
    if row.metric in HEADLINES:
        for seconds in SECONDS:
            if seconds <= row.budget:
                errors, work = zip(*(at(record, seconds) for record in records), strict=True)
                lines.append(f"    {seconds:4d} s: {median(errors):.2e} after {median(work):.1e} evaluations")
    return lines


def value_of(record, metric):
    """A metric of a record; infinite where it is missing or not finite."""
    found = record.metrics.get(metric)
    return float("inf") if found is None or found.value is None else found.value


def at(record, seconds):
    """Error and force evaluations of the last look within so many seconds."""
    looks = [look for look in record.curve if look.seconds <= seconds]
    if not looks or looks[-1].error is None:
        return float("inf"), 0
    return looks[-1].error, looks[-1].work.get("evaluations", 0)
