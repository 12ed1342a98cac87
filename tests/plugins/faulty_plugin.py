"""Announces the solvers of the package `faults` beside this file: one for each way in which a trial can go wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import mfbench

sys.path.append(str(Path(__file__).parent))

from faults import answers, endings, families, hangs, health, hunger, tampering

MODULES = (answers, endings, families, hangs, health, hunger, tampering)


@mfbench.hookimpl
def mfbench_solvers():
    return [
        mfbench.SolverEntry(
            name=fault.__name__.replace("_", "-"),
            task="committor",
            summary=f"Goes wrong by {fault.__name__}.",
            source="elementary",
            run=f"{module.__name__}:{fault.__name__}",
        )
        for module in MODULES
        for fault in module.KIND
    ]
