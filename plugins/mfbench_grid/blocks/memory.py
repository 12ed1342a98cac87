"""How much memory a process may still claim."""

from __future__ import annotations

import resource

import psutil


def free_memory() -> int:
    """Bytes: what the machine has left, or what the limit on this process's data leaves, if less."""
    free = psutil.virtual_memory().available
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY:
        free = min(free, limit - psutil.Process().memory_info().data)
    return free
