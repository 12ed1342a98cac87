"""Solvers that change what is around them: files, streams, seeds, clocks, libraries."""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import mfbench
from faults.looks import evaluate, look


def wander(problem, parameters, context):
    """Another folder, other seeds, another environment."""
    yield look()
    os.chdir("/")
    random.seed(0)
    np.random.seed(0)
    os.environ.clear()
    os.environ.update(PATH="/nowhere", TMPDIR="/nowhere", OMP_NUM_THREADS="64", PYTHONPATH="/nowhere")
    os.umask(0o777)
    time.sleep(0.05)
    yield look()


def close_stdout(problem, parameters, context):
    yield look()
    sys.stdout.close()
    os.close(1)
    time.sleep(0.05)
    yield look()


def close_everything(problem, parameters, context):
    """As daemons do; and the numbers that are free again stand for other files."""
    yield look()
    os.closerange(0, 256)
    for number in range(20):
        os.open(f"other-{number}", os.O_WRONLY | os.O_CREAT)
    time.sleep(0.05)
    yield mfbench.Checkpoint(evaluate=evaluate, state=0.25)


def close_everything_and_fail(problem, parameters, context):
    yield look()
    sys.stderr = None
    os.closerange(0, 256)
    raise RuntimeError("in the dark")


def break_numpy(problem, parameters, context):
    yield look()
    time.sleep(0.05)
    for name in ("sum", "asarray", "full", "empty", "concatenate", "isnan"):
        setattr(np, name, None)
    yield mfbench.Checkpoint(evaluate=lambda state, x: x[:, 0], state=None)


def make_numpy_strict(problem, parameters, context):
    """Whatever the host computes from what it yields must not raise."""
    np.seterr(all="raise")
    warnings.simplefilter("error")
    yield look()
    time.sleep(0.05)
    yield mfbench.Checkpoint(evaluate=lambda state, x: np.full(len(x), state), state=5e-324)


def stop_clocks(problem, parameters, context):
    """The wall clock jumps back; the one that counts is not asked by a name that can be changed here."""
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    for _ in range(20):
        yield look()
        time.sleep(0.02)


def borrow_words(problem, parameters, context):
    """A file of others in the place of its own."""
    yield look()
    Path("others").write_text("nobody's business")
    Path("stderr").unlink()
    Path("stderr").symlink_to("others")
    raise RuntimeError("read on")


def remove_folder(problem, parameters, context):
    """Its own, with the journal in it."""
    yield look()
    shutil.rmtree(Path.cwd())
    time.sleep(0.05)
    yield look()


KIND = (
    wander, close_stdout, close_everything, close_everything_and_fail, break_numpy, make_numpy_strict,
    stop_clocks, borrow_words, remove_folder,
)  # fmt: skip
