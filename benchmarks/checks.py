"""Conformance: what `mfbench check NAME` takes for every installed solver and problem, each in a process of its own.

Prints per entry the wall seconds, the processor seconds (of the whole process tree), the exit
code and the checks that failed; then who took more than the mark of a minute. Exits with 1 if anyone did, or failed.

Usage: python benchmarks/checks.py [NAME...]    (globs of entry names; all by default)
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from fnmatch import fnmatchcase

from mfbench.confinement import adopt_orphans
from mfbench.registry import load_registry

MARK = 60.0
"""Seconds."""

PATIENCE = 600.0
"""Seconds after which an entry is given up."""


def entries(globs):
    """Names as `mfbench check` takes them: of problems, then of solvers, which several tasks may have."""
    registry = load_registry()
    names = [*registry.problems, *dict.fromkeys(name for _, name in registry.solvers)]
    return [name for name in names if not globs or any(fnmatchcase(name, glob) for glob in globs)], registry


def checked(name, folder):
    """Wall and processor seconds of a check, its exit code, and what it printed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "mfbench", "check", name, "-o", folder]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        code, text = done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        code, text = -1, f"not done after {PATIENCE:.0f} s"
    wall = time.perf_counter() - began
    # The fork server outlives its host by a moment, and has the solvers' seconds.
    with suppress(ChildProcessError):
        while time.perf_counter() - began < PATIENCE:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.01)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, code, text


def main(globs):
    adopt_orphans()
    names, registry = entries(globs)
    slow, failing = [], []
    print(f"{len(names)} entries, {len(os.sched_getaffinity(0))} cores")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            wall, processor, code, text = checked(name, folder)
            share = max(1, sum(solver == name for _, solver in registry.solvers))
            load = os.getloadavg()[0]
            note = f", {share} tasks" if share > 1 else ""
            print(f"{name:32s} {wall:6.1f} s wall {processor:6.1f} s of processor, exit code {code}, load {load:.1f}{note}",
                  flush=True)  # fmt: skip
            if wall > MARK:
                slow.append(name)
            if code:
                failing.append(name)
                print(
                    "\n".join(line for line in text.splitlines() if "FAIL" in line.upper()) or text,
                    flush=True,
                )
    print(f"above {MARK:.0f} s: {', '.join(slow) or 'none'}; failing: {', '.join(failing) or 'none'}")
    return int(bool(slow or failing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
