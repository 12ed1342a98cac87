"""Training of the torch twin that begins again with hot walkers, and ends cold."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from mfbench import Context, Diverged, hot_start
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_torch.blocks.landscape import SURVEYED
from mfbench_torch.is_sgd import UPDATES, solve
from mfbench_torch.is_sgd_entry import ImportanceSampling

SMALL = {"windows": 8, "ladders": 8, "width": 24, "moves": 3}


@pytest.fixture
def well(monkeypatch):
    """A well that is not rare, taken for one after 40 updates, and its judge."""
    monkeypatch.setattr(hot_start, "SURE", 40)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    parameters = DoubleWellParameters(dim=2, temperature=0.3)
    return double_well.build(parameters, seed=3), double_well.judge(parameters, seed=3)


def checkpoints(problem):
    """Of 400 updates."""
    context = Context(seed=11, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    return solve(problem, ImportanceSampling(updates=400, **SMALL), context)


def test_training_begins_again_and_ends_cold(well):
    """It is learned all the same."""
    problem, judge = well
    found = list(checkpoints(problem))
    heats = np.array([checkpoint.reports.get("heat", 1.0) for checkpoint in found])
    assert np.all(heats[:11] == 1.0) and heats[11] == 4.0
    hot = heats > 1.0
    assert np.all(np.diff(heats[11:]) <= 0.0) and heats[-1] == 1.0
    assert hot.sum() == (hot_start.COLD * 400 - 40) // UPDATES
    for checkpoint, is_hot in zip(found[1:], hot[1:], strict=True):
        assert ("rate" in checkpoint.reports) is not is_hot, "hot walkers tell no rate of this process"
        assert np.all(np.isfinite(list(checkpoint.reports.values())))
    walkers = SMALL["windows"] * SMALL["ladders"]
    assert [checkpoint.reports["steps"] for checkpoint in found[1:]] == [*range(UPDATES, 401, UPDATES)]
    assert found[-1].work["evaluations"] == SURVEYED + walkers * (1 + 400 * SMALL["moves"])
    first, before, after, last = (
        judge.headline(np.asarray(one.evaluate(one.state, judge.reactive.x))).value
        for one in (found[0], found[10], found[11], found[-1])
    )
    assert last < first / 4
    assert abs(after - first) < 0.2 * abs(before - first), "what was learned is forgotten"
    assert found[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=0.25)


@pytest.mark.parametrize(("before", "heat"), [(36, 1.0), (40, 1.0), (44, 4.0)])
def test_trouble_about_a_fresh_start_is_told_with_the_step_of_the_run(well, before, heat):
    """Training begins again after 40 updates; the potential overflows after so many."""
    (problem, _), troubled = well, False

    def potential(x):
        v = problem.potential(x)
        return torch.full_like(v, torch.inf) if troubled else v

    run = checkpoints(dataclasses.replace(problem, potential=potential))
    for _ in range(before // UPDATES + 1):
        last = next(run)
    assert (last.reports["steps"], last.reports["heat"]) == (before, heat)
    troubled = True
    with pytest.raises(Diverged, match=f"step {before + 1}: beta V is inf"):
        next(run)
