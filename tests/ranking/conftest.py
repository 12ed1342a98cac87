"""Records made by hand."""

from __future__ import annotations

import math

import pytest

from mfbench.record import Cell, Limits, Metric, Record, Status, Usage


def a_record(
    solver="sgd",
    error=1e-2,
    *,
    problem="committor/arc",
    seed=0,
    status=Status.OK,
    floor=0.0,
    reaches=None,
    machine="m1",
    parameters=None,
    problem_parameters=None,
    budget=20.0,
    started="2026-01-01T00:00:00Z",
    metrics=None,
    **fields,
):
    """A record; `reaches` maps targets to seconds (None: not reached), at 1000 evaluations a second."""
    ok = status is Status.OK
    reaches = reaches or {}
    cell = Cell(
        task=problem.partition("/")[0],
        problem=problem,
        problem_parameters=problem_parameters or {},
        solver=solver,
        solver_parameters=parameters or {},
        seed=seed,
        device="cpu",
        budget=budget,
    )
    headline = Metric(value=error if math.isfinite(error) else None, floor=floor)
    return Record(
        **{
            "key": f"{solver} {seed} {started}",
            "cell": cell,
            "limits": Limits(),
            "status": status,
            "sentence": f"{status}: said by hand",
            "started": started,
            "headline": "wrmse",
            "metrics": {"wrmse": headline, **(metrics or {})} if ok else {},
            "targets": sorted(reaches, reverse=True),
            "seconds_to_target": {repr(target): seconds for target, seconds in reaches.items()},
            "work_to_target": {
                repr(target): None if seconds is None else round(1000 * seconds)
                for target, seconds in reaches.items()
            },
            "work": {"evaluations": 12_000},
            "usage": Usage(seconds_setup=0.5, seconds_solve=19.0, peak_memory_mb=300.0),
            "machine": {"fingerprint": machine, "processor": "a processor"},
            **fields,
        }
    )


@pytest.fixture(name="a_record", scope="session")
def _a_record():
    return a_record


@pytest.fixture(scope="session")
def repeated():
    """The records of a contender on one problem, one for every error, with seeds 0, 1, 2, ..."""

    def records(solver, errors, **fields):
        return [a_record(solver, error, seed=seed, **fields) for seed, error in enumerate(errors)]

    return records
