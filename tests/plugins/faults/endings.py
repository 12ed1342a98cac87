"""Ways to end before the end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from faults.looks import look


class Unheard(BaseException):
    """No `Exception`, and silent when it is asked what it says."""

    def __str__(self):
        raise RuntimeError("no comment")


def fail(problem, parameters, context):
    yield look()
    raise RuntimeError("the plug was pulled")


def fail_oddly(problem, parameters, context):
    yield look()
    raise Unheard


def fail_in_no_words(problem, parameters, context):
    """A name of a file that is no text, as the system hands it over, and a megabyte more."""
    yield look()
    raise FileNotFoundError("no \udcff" + "x" * 2**20)


def recurse(problem, parameters, context):
    yield look()
    yield from recurse(problem, parameters, context)


def leave(problem, parameters, context):
    yield look()
    os._exit(0)


def exit(problem, parameters, context):
    yield look()
    sys.exit(0)


def segfault(problem, parameters, context):
    yield look()
    ctypes.string_at(0)


def abort(problem, parameters, context):
    yield look()
    os.abort()


def kill_itself(problem, parameters, context):
    yield look()
    os.kill(os.getpid(), signal.SIGKILL)


KIND = (fail, fail_oddly, fail_in_no_words, recurse, leave, exit, segfault, abort, kill_itself)
