"""What was run: code, versions and machine, and the key that stands for them.

The key covers the cell, the code behind the solver and the problem (see `closure`), declared versions,
threads, dtype and the protocol number. It does not cover jobs, folders, presets, or the judge.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from mfbench.availability import installed_version
from mfbench.record import PROTOCOL, Cell

DTYPE = "float64"
"""Values are judged in double precision whatever a solver computes in."""

CORE = ("numpy", "scipy")


@cache
def versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Installed versions of Python, the numeric core and the given distributions."""
    found = {name: installed_version(name) for name in (*CORE, *distributions)}
    return {"python": platform.python_version()} | {
        name: version for name, version in sorted(found.items()) if version is not None
    }


def key(cell: Cell, code: Iterable[str], version: dict[str, str], threads: int) -> str:
    """The identity of what is run, as 64 hexadecimal digits."""
    return _digest(
        {
            "cell": msgspec.to_builtins(cell),
            "code": list(code),
            "versions": version,
            "threads": threads,
            "dtype": DTYPE,
            "protocol": PROTOCOL,
        }
    )


def _digest(document: object) -> str:
    return hashlib.sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()


@cache
def machine() -> dict[str, str]:
    """What seconds depend on: processor, cores, memory, system; and a fingerprint of them."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory_gb": str(round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)),
        "system": f"{platform.system()} {platform.release()}",
        "node": hashlib.sha256(platform.node().encode()).hexdigest()[:8],
    }
    return facts | {"fingerprint": _digest(facts)[:12]}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
