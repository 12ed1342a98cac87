"""Solvers that die in every way a trial must survive. Each looks once before it does."""

from __future__ import annotations

import ctypes
import os
import time

import numpy as np

import mfbench


def evaluate(state, x):
    return np.full(len(x), state)


def look(value=0.5):
    return mfbench.Checkpoint(evaluate=evaluate, state=value, work={"evaluations": 1})


def segfault(problem, parameters, context):
    yield look()
    ctypes.string_at(0)


def leave(problem, parameters, context):
    yield look()
    os._exit(0)


def hang(problem, parameters, context):
    yield look()
    time.sleep(1e6)


def hang_at_once(problem, parameters, context):
    time.sleep(1e6)
    yield look()


def hold_gil(problem, parameters, context):
    yield look()
    # PyDLL keeps the GIL during the call.
    ctypes.PyDLL(None).sleep(10**6)


def devour(problem, parameters, context):
    yield look()
    hoard = []
    while True:
        hoard.append(np.empty(2**22))  # untouched: the limit counts what was asked for


def fail(problem, parameters, context):
    yield look()
    raise RuntimeError("the plug was pulled")


def become_nan(problem, parameters, context):
    yield look()
    time.sleep(0.1)
    yield look(np.nan)


def diverge(problem, parameters, context):
    yield look()
    raise mfbench.Diverged("step 7: the energy is inf")


def wrong_shape(problem, parameters, context):
    yield mfbench.Checkpoint(evaluate=lambda state, x: np.zeros((len(x), 2)), state=None)


def not_a_generator(problem, parameters, context):
    return [look()]


def grandchild(problem, parameters, context):
    yield look()
    if os.fork() == 0:
        time.sleep(1e6)


def daemon(problem, parameters, context):
    """Leaves its group and its parent, as a daemon does, and then leaves without a word."""
    yield look()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1e6)
        os._exit(0)
    time.sleep(0.2)
    os._exit(3)


def for_ever(problem, parameters, context):
    while True:
        yield look()
        time.sleep(0.005)


def slow_setup(problem, parameters, context):
    time.sleep(context.budget + 0.2)
    yield look()


DEATHS = (
    segfault, leave, hang, hang_at_once, hold_gil, devour, fail, become_nan, diverge, wrong_shape,
    not_a_generator, grandchild, daemon, for_ever, slow_setup,
)  # fmt: skip


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name=death.__name__.replace("_", "-"),
            task="committor",
            summary=f"Dies by {death.__name__}.",
            source="elementary",
            run=f"faulty_plugin:{death.__name__}",
        )
        for death in DEATHS
    ]
