"""Processes that are left behind, each where it is harder to find."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from faults.looks import look


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


def nameless(problem, parameters, context):
    """Programs in sessions of their own, deaf, with no environment by which they could be known."""
    yield look()
    for _ in range(3):
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1e6)"
        subprocess.Popen([sys.executable, "-c", deaf], start_new_session=True, env={})


def family(problem, parameters, context):
    """Twenty at once, of which some are killed with their parent and some have lost theirs."""
    yield look()
    for number in range(20):
        if os.fork() == 0:
            if number % 2:
                os.setsid()
            if number % 3 == 0 and os.fork() > 0:
                os._exit(0)
            time.sleep(1e6)
    os.kill(os.getpid(), signal.SIGKILL)


def copy_returns(problem, parameters, context):
    """Two processes go on; the copy comes to an end of its own at once."""
    yield look()
    if os.fork() == 0:
        return
    time.sleep(0.3)
    yield look()


def copy_goes_on(problem, parameters, context):
    """The copy would be looked at, too."""
    yield look()
    value = 0.125 if os.fork() == 0 else 0.5
    for _ in range(10):
        time.sleep(0.02)
        yield look(value)


def copy_fails(problem, parameters, context):
    yield look()
    if os.fork() == 0:
        raise RuntimeError("the copy failed")
    time.sleep(0.3)
    yield look()


KIND = (grandchild, copy_returns, copy_goes_on, copy_fails, daemon, nameless, family)
