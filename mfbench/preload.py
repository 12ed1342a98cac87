"""Imported once by the fork server: what children would otherwise import one by one.

Imports only: no device is touched, nothing is compiled, no thread is started. A framework that
cannot be imported is left to the trial that needs it, which will say so.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import warnings

from mfbench.confinement import adopt_orphans, numeric_libraries
from mfbench.descendants import kill_strays

VARIABLE = "MFBENCH_PRELOAD"


def become_server(names: str) -> None:
    """Import the named modules, and see to it that nothing outlives this process.

    A session of its own keeps signals that are meant for the host's group (a terminal's, a scheduler's) from
    the server: the host decides what becomes of running trials.
    """
    os.setsid()
    adopt_orphans()
    # It is surprised by the deaths of those that it did not start.
    warnings.filterwarnings("ignore", "forkserver: waitpid returned unexpected pid", UserWarning)
    atexit.register(_leave_nothing, os.getpid())
    for name in names.split(","):
        with contextlib.suppress(BaseException):
            importlib.import_module(name)
    numeric_libraries()  # a child has the same ones, and is spared the search
    # What is here stays: a collection in a child would only copy the pages that it has in common with the others.
    gc.collect()
    gc.freeze()


def _leave_nothing(server: int) -> None:
    if os.getpid() == server:  # not in what was forked from it
        kill_strays(server)


if VARIABLE in os.environ:
    become_server(os.environ.pop(VARIABLE))
