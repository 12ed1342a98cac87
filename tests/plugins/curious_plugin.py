"""Solvers that look at what a trial gives them, and one that wants memory."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import os
import select
import signal
import subprocess
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
        "beside it": sorted(path.name for path in Path().iterdir()),
        "input": sys.stdin.read(),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "platforms": os.environ.get("JAX_PLATFORMS"),
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


def stay(name):
    """Say that this process is in place, if the environment names a folder for that, and stay for ever."""
    Path(os.environ["CURIOUS_STAY"], name).write_text(str(os.getpid()))
    time.sleep(1e6)


def sit(problem, parameters, context):
    """Hold the interpreter's lock, in C, as long as the environment asks for it."""
    yield checkpoint()
    if "CURIOUS_STAY" in os.environ:
        Path(os.environ["CURIOUS_STAY"], "sit").write_text(str(os.getpid()))
        ctypes.PyDLL(None).sleep(10**6)


def family(problem, parameters, context):
    """Have a child in the group, one that left it, and a program in a session of its own; then stay, or not."""
    yield checkpoint()
    if "CURIOUS_STAY" in os.environ:
        if os.fork() == 0:
            stay("child")
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                stay("daemon")
            os._exit(0)
        script = 'echo $$ > "$CURIOUS_STAY/program"; exec sleep 1000000'
        subprocess.Popen(["sh", "-c", script], start_new_session=True, close_fds=False)
        stay("parent")


def keep(problem, parameters, context):
    """Have a daemon, and report how long it lived beside the ends of other trials."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(reader)
            time.sleep(1e6)
        os._exit(0)
    os.close(writer)
    began = time.perf_counter()
    yield checkpoint()
    select.select([reader], [], [], 1.5)  # its writing end closes when the daemon dies
    lived = time.perf_counter() - began
    yield dataclasses.replace(checkpoint(), reports={"lived": lived})


def matricide(problem, parameters, context):
    """Kill the fork server."""
    yield checkpoint()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1e6)


def lullaby(problem, parameters, context):
    """Stop the fork server, which then starts no child and tells of no end."""
    yield checkpoint()
    os.kill(os.getppid(), signal.SIGSTOP)
    os._exit(3)


def babble(problem, parameters, context):
    """Write megabytes to stderr."""
    for _ in range(20):
        print("x" * 10**6, end="", file=sys.stderr)
    print("last", file=sys.stderr, flush=True)
    yield checkpoint()


PLAIN = (babble, keep, witness, sit, family, matricide, lullaby)


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
        for solve, kind in [
            (hoard, Memory),
            (wait, Patience),
            *((solve, mfbench.NoParameters) for solve in PLAIN),
        ]
    ]
