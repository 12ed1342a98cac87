"""The seed's claim on the double well, d = 20, T = 0.2: 60 s, five seeds, scrambled boundary functions.

Prints the wRMSE of importance-sampled and of plain particle SGD, seed by seed, beside the rates that they
report, and exits with 1 if the median of is-sgd is above its mark. Takes about six minutes on two cores.
Usage: python benchmarks/importance_sampling.py [SOLVER ...]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from mfbench import executors, session
from mfbench.names import Selector
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.store import Store

MARKED, MARK = "is-sgd", 0.015
SOLVERS = ("is-sgd", "particle-sgd")
SEEDS = 5
BUDGET = 60.0
REFERENCE_RATE = 2.7409625e-3


class Printer:
    def started(self, progress):
        pass

    def finished(self, record):
        error = "inf" if record.error is None else f"{record.error:.4f}"
        rate = record.reports.get("rate")
        told = "" if rate is None else f", rate / exact {rate / REFERENCE_RATE:.3f}"
        print(
            f"{record.cell.solver} seed {record.cell.seed}: {record.status}, wRMSE {error}{told}", flush=True
        )


def main(solvers):
    registry = load_registry()
    request = Request(
        problems=(Selector("committor/double-well", {"dim": "20", "temperature": "0.2"}),),
        solvers=tuple(Selector(name, {}) for name in solvers),
        seeds=SEEDS,
        budget=BUDGET,
    )
    plan = make_plan(request, registry, cores=len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        todo = session.split(plan, store)
        records = session.run(plan, todo, store, executors.local(plan.jobs), Printer(), lambda: False)
    held = True
    for name in solvers:
        errors = [record.error for record in records if record.cell.solver == name and record.scored]
        middle = median(errors) if len(errors) == SEEDS and None not in errors else float("inf")
        print(f"{name}: median wRMSE {middle:.4f} of {len(errors)} seeds")
        if name == MARKED:
            held = middle <= MARK
            print(f"{MARKED}: {middle:.4f}, mark {MARK}: {'holds' if held else 'missed'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or SOLVERS))
