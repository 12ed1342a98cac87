"""Where trials run: anything shaped like `concurrent.futures.Executor`.

Threads here: each only waits for a child, so they cost nothing and share the host's judges.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor


def local(jobs: int) -> Executor:
    """Run so many trials at the same time on this machine."""
    return ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="mfbench-trial")
