"""Overhead of isolation: 50 trials of a solver that sleeps 0.1 s, each in its own process.

Prints wall/ideal from the first trial's start to the last one's end, for one job and for two, and
exits with 1 if a figure misses its mark. Beside them stands what this machine takes for a bare fork and exit
of a process that holds what the fork server holds: no isolation by processes is cheaper.
Byte code is cached, as Python does unless told otherwise: told so, this starts itself again.
Usage: python benchmarks/overhead.py
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from mfbench import executors, fork_server, session
from mfbench.doctor import fork_seconds
from mfbench.names import Selector
from mfbench.plan import make_plan
from mfbench.registry import load_registry
from mfbench.request import Request
from mfbench.store import Store

TRIALS = 50
SLEEP = 0.1
ROUNDS = 3
MARKS = {1: 1.15, 2: 1.3}
PLUGIN = str(Path(__file__).parent.parent / "tests" / "plugins" / "toy_plugin.py")


class Stopwatch:
    """Notes when the first trial starts and the last one ends."""

    def __init__(self):
        self.first = None
        self.last = 0.0

    def started(self, progress):
        del progress
        if self.first is None:
            self.first = time.perf_counter()

    def finished(self, record):
        assert record.status == "ok", record.sentence
        self.last = time.perf_counter()


def wall_over_ideal(jobs):
    """One round of all trials, as a ratio."""
    request = Request(
        problems=(Selector("committor/line", {}),),
        solvers=(Selector("relax", {"steps": 1, "pause": SLEEP / 2}),),
        seeds=TRIALS,
        budget=10.0,
        jobs=jobs,
    )
    plan = make_plan(request, load_registry([PLUGIN]), cores=jobs, plugins=(PLUGIN,))
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        todo = session.split(plan, store)
        session.run(plan, todo, store, executors.local(jobs), watch, lambda: False)
    return (watch.last - watch.first) / (TRIALS * SLEEP / jobs)


def main():
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # as a flag it would reach every child
        os.execv(sys.executable, [sys.executable, *sys.argv])
    print(f"a bare fork and exit: {1e3 * fork_seconds():.1f} ms")
    fork_server.start()
    held = True
    best = {jobs: min(wall_over_ideal(jobs) for _ in range(ROUNDS)) for jobs in MARKS}
    for jobs, mark in MARKS.items():
        verdict = "holds" if best[jobs] <= mark else "missed"
        held &= best[jobs] <= mark
        print(f"{jobs} job(s): wall/ideal {best[jobs]:.3f}, mark {mark}: {verdict}")
    print(f"overhead: {best[1]:.3f} on one job, {best[2]:.3f} on two")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
