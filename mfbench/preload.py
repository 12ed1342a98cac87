"""Imported once by the fork server: what children would otherwise import one by one.

Imports only: no device is touched, nothing is compiled, no thread is started. A framework that
cannot be imported is left to the trial that needs it, which will say so.
"""

from __future__ import annotations

import contextlib
import importlib
import os

import threadpoolctl

VARIABLE = "MFBENCH_PRELOAD"

# Warm what threadpoolctl looks up once per process: it costs a child milliseconds.
threadpoolctl.ThreadpoolController()

for _name in filter(None, os.environ.get(VARIABLE, "").split(",")):
    with contextlib.suppress(BaseException):
        importlib.import_module(_name)
