"""The hooks of mfbench: the one page that a plugin author reads.

A plugin is a module that offers entries through these functions:

    import mfbench

    @mfbench.hookimpl
    def mfbench_solvers():
        return [mfbench.SolverEntry(name="my-solver", task="committor", summary="...",
                                    source="...", run="my_package.my_solver:solve")]

Announce it in pyproject.toml under [project.entry-points.mfbench], or load a file with
`mfbench run --plugin FILE.py`. Hooks hand over values and compute nothing; `run` is imported
only where a trial runs. A solver that finds its own numbers beyond repair raises
`mfbench.Diverged("step 120: the energy is nan")`: the trial ends as diverged, with that sentence.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from mfbench.placement import ExecutorEntry
from mfbench.solver import ProblemEntry, SolverEntry
from mfbench.study import StudyEntry

hookspec = pluggy.HookspecMarker("mfbench")
hookimpl = pluggy.HookimplMarker("mfbench")


@hookspec
def mfbench_problems() -> Iterable[ProblemEntry]:  # type: ignore[empty-body]
    """Return the problems that this plugin offers. Called once, at start; must be cheap."""


@hookspec
def mfbench_solvers() -> Iterable[SolverEntry]:  # type: ignore[empty-body]
    """Return the solvers that this plugin offers. Called once, at start; must be cheap."""


@hookspec
def mfbench_executors() -> Iterable[ExecutorEntry]:  # type: ignore[empty-body]
    """Return the places where trials may run that this plugin offers. Called once, at start; must be cheap."""


@hookspec
def mfbench_studies() -> Iterable[StudyEntry]:  # type: ignore[empty-body]
    """Return the studies that this plugin offers (docs/studies.md). Called once, at start; must be cheap."""
