"""Records whose curve, seed and fate are said by hand."""

from __future__ import annotations

import pytest

from mfbench.record import Cell, Limits, Look, Metric, Record, Status


def a_trial(
    seed=0, error=1e-3, scale=1.0, *, status=Status.OK, floor=0.0, machine="m1", budget=10.0, work=1, **fields
):
    """A trial whose error halves with every step of `scale` seconds, from 1 down to `error`."""
    steps = 20
    curve = [
        Look(seconds=scale * (i + 1), error=max(error, 0.5**i), work={"evaluations": work * (i + 1)})
        for i in range(steps)
    ]
    ok = status is Status.OK
    cell = Cell(
        task="committor", problem="committor/line", problem_parameters={}, solver="planted", solver_parameters={},
        seed=seed, device="cpu", budget=budget,
    )  # fmt: skip
    return Record(
        **{
            "key": f"{seed} {error} {scale} {status} {budget}", "cell": cell, "limits": Limits(), "status": status,
            "sentence": "", "started": "2026-01-01", "headline": "wrmse", "judge": "j",
            "metrics": {"wrmse": Metric(value=error, floor=floor)} if ok else {}, "curve": curve if ok else [],
            "machine": {"fingerprint": machine}, **fields,
        }
    )  # fmt: skip


@pytest.fixture(name="a_trial", scope="session")
def _a_trial():
    return a_trial
