"""Where a host keeps what lasts no longer than itself: one folder, gone with it, however it ends."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

PREFIX = "mfbench-scratch-"
HELD = "held"
"""A file in the folder that is locked as long as its host lives; the kernel unlocks it after any death."""


@cache
def scratch() -> Path:
    """This host's folder in the temporary directory; those of hosts that were killed are removed."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    file = os.open(folder / f".{HELD}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    (folder / f".{HELD}").rename(folder / HELD)  # whoever sees the name finds it locked
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sweep() -> None:
    """Remove the folders of hosts that are no more."""
    for held in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{HELD}"):
        try:
            file = os.open(held, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # gone meanwhile, or another user's
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pass  # its host lives
        else:
            shutil.rmtree(held.parent, ignore_errors=True)
        finally:
            os.close(file)
