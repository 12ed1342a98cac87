"""Ways to have no end."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time

from faults.looks import look


def hang(problem, parameters, context):
    yield look()
    time.sleep(1e6)


def hang_at_once(problem, parameters, context):
    first = look()
    time.sleep(1e6)
    yield first


def hold_gil(problem, parameters, context):
    """PyDLL keeps the interpreter's lock during the call."""
    yield look()
    ctypes.PyDLL(None).sleep(10**6)


def search(problem, parameters, context):
    """A pattern that backtracks for ever, in C and with the interpreter's lock."""
    yield look()
    re.match(r"(a+)+$", "a" * 64 + "b")


def be_deaf(problem, parameters, context):
    """No signal that can be ignored ends it."""
    yield look()
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1.0)


def stop_itself(problem, parameters, context):
    yield look()
    os.kill(os.getpid(), signal.SIGSTOP)


def for_ever(problem, parameters, context):
    while True:
        yield look()
        time.sleep(0.005)


def slow_setup(problem, parameters, context):
    first = look()
    time.sleep(context.budget + 0.2)
    yield first


KIND = (hang, hang_at_once, hold_gil, search, be_deaf, stop_itself, for_ever, slow_setup)
