"""Solvers that look at what a trial gives them, and one that wants memory."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

import mfbench


@dataclasses.dataclass(frozen=True)
class Memory:
    """Parameters of `hoard`: how much memory it touches, and whether before or after its first yield."""

    megabytes: int = 1


@dataclasses.dataclass(frozen=True)
class Patience:
    """Parameters of `wait`: how long it takes."""

    seconds: float = 1e6


def checkpoint(value=0.5):
    return mfbench.Checkpoint(evaluate=lambda state, x: np.full(len(x), state), state=value)


def witness(problem, parameters, context):
    """Write what it sees to stderr, of which a record keeps the end."""
    seen = {
        "cores": sorted(os.sched_getaffinity(0)),
        "threads": os.environ["OMP_NUM_THREADS"],
        "leads its session": os.getsid(0) == os.getpgrp() == os.getpid(),
        "folder": str(Path.cwd()),
        "input": sys.stdin.read(),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "files": sorted(os.path.realpath(number) for number in Path("/proc/self/fd").iterdir()),
        "context": [context.seed, context.device, context.threads, context.budget],
        "problem": sorted(vars(problem)),
    }
    print(json.dumps(seen), file=sys.stderr)
    yield checkpoint()


def hoard(problem, parameters, context):
    yield checkpoint()
    hoarded = np.ones(parameters.megabytes * 2**17)
    yield checkpoint(0.5 + 0.0 * hoarded[0])


def wait(problem, parameters, context):
    yield checkpoint()
    time.sleep(parameters.seconds)


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name=solve.__name__,
            task="committor",
            summary="Looks around.",
            source="elementary",
            run=f"curious_plugin:{solve.__name__}",
            parameters=kind,
            devices=("cpu", "cuda"),
        )
        for solve, kind in ((witness, mfbench.NoParameters), (hoard, Memory), (wait, Patience))
    ]
