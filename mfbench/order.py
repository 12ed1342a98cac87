"""What the host tells a child: a spec with every name resolved, and where its files lie."""

from __future__ import annotations

from typing import Any

import msgspec

from mfbench.points import PointsFile


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be found out about a solver in a short run that is not timed (see `mfbench.probe`).

    Args:
        counts: evaluations are counted.
        salt: makes the global random states differ from those of another probe.
    """

    counts: bool = True
    salt: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One trial as its child sees it.

    Args:
        build, run: "module:function" of the problem and the solver.
        problem_parameters, solver_parameters: canonical values.
        problem_type, solver_type: "module:class" of their dataclasses.
        problem_seed, solver_seed: see `seeds`.
        plugins: plugin files to import first.
        points: where the solution is to be evaluated.
        journal, folder: where to write; the folder becomes the working directory.
        device, cores, gpu, memory_mb: what the trial may use.
        budget: seconds of set-up and solving; evaluation_cap: seconds of evaluation.
        limit: wall seconds after which the child ends itself even if nobody kills it.
        logarithms: minus infinity is a value of the answer.
        probe: run a probe instead of a trial.
    """

    build: str
    run: str
    problem_parameters: dict[str, Any]
    solver_parameters: dict[str, Any]
    problem_type: str
    solver_type: str
    problem_seed: int
    solver_seed: int
    plugins: tuple[str, ...]
    points: PointsFile
    journal: str
    folder: str
    device: str
    cores: tuple[int, ...]
    gpu: str | None
    memory_mb: int
    budget: float
    evaluation_cap: float
    limit: float
    logarithms: bool = False
    probe: Probe | None = None
