"""The scripts of `benchmarks/` as modules, and records as trials leave them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mfbench.record import Cell, Limits, Look, Metric, Record, Status

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="session", autouse=True)
def scripts():
    """They import each other by their plain names, as they do when they are run."""
    sys.path.insert(0, str(SCRIPTS))
    yield
    sys.path.remove(str(SCRIPTS))


@pytest.fixture
def trial():
    """Makes a record: headline error (None: it has none), other metrics, curve as (seconds, evaluations, error)."""

    def make(error=0.1, *, status=Status.OK, curve=(), floor=0.0, headline="wrmse", seed=0, **others):
        cell = Cell(
            task="committor", problem="committor/arc", problem_parameters={"dim": 2},
            solver=others.pop("solver", "gauss-newton"), solver_parameters={}, seed=seed, device="cpu", budget=60.0,
        )  # fmt: skip
        metrics = {headline: Metric(value=error, floor=floor)} if status is Status.OK else {}
        return Record(
            key="0", cell=cell, limits=Limits(), status=status, sentence=f"it was {status}", started="", headline=headline,
            metrics=metrics | {name: Metric(value=value) for name, value in others.items()},
            curve=[Look(seconds=s, error=e, work={"evaluations": n}) for s, n, e in curve],
        )  # fmt: skip

    return make
