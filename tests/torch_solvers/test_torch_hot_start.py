"""Training of the torch twin that begins again with hot walkers: as the jax one does, and ends cold."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from mfbench import Context, Diverged
from mfbench_committor import double_well
from mfbench_committor.entries.double_well import DoubleWellParameters
from mfbench_jax.blocks import hot_start as jax_hot_start
from mfbench_torch.blocks import hot_start
from mfbench_torch.blocks.landscape import SURVEYED
from mfbench_torch.is_sgd import UPDATES, solve
from mfbench_torch.is_sgd_entry import ImportanceSampling

SMALL = {"windows": 8, "ladders": 8, "width": 24, "moves": 3}


def test_both_begin_again_at_the_same_time_and_cool_alike():
    for updates in (400, 500, 2000, 2001):
        for share in (0.1, 0.2, 0.21):
            for reach in (21.0, 23.0):
                reports = {"window_low": -10.0, "window_high": reach - 10.0}
                both = [module.HotStart(4.0) for module in (hot_start, jax_hot_start)]
                due = [one.due(updates, share, reports) for one in both]
                assert due[0] is due[1]
                heats = [[one.heat(later) for later in (0.2, 0.3, 0.4, 0.5)] for one in both]
                assert heats[0] == heats[1] and (heats[0][0] > 1.0) is due[0]


def test_training_begins_again_and_ends_cold(monkeypatch):
    """A well that is not rare, taken for one after 40 updates of 400: it is learned all the same."""
    monkeypatch.setattr(hot_start, "SURE", 40)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    parameters = DoubleWellParameters(dim=2, temperature=0.3)
    problem, judge = double_well.build(parameters, seed=3), double_well.judge(parameters, seed=3)
    context = Context(seed=11, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    found = list(solve(problem, ImportanceSampling(updates=400, **SMALL), context))
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


def test_trouble_after_a_fresh_start_is_told_with_the_step_of_the_run(monkeypatch):
    """Training begins again after 40 updates; the potential overflows from update 44 on."""
    monkeypatch.setattr(hot_start, "SURE", 40)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    problem, troubled = double_well.build(DoubleWellParameters(dim=2, temperature=0.3), seed=3), False

    def potential(x):
        v = problem.potential(x)
        return torch.full_like(v, torch.inf) if troubled else v

    context = Context(seed=11, device="cpu", threads=1, budget=math.inf, elapsed=lambda: 0.0)
    run = solve(
        dataclasses.replace(problem, potential=potential), ImportanceSampling(updates=400, **SMALL), context
    )
    for _ in range(12):
        last = next(run)
    assert (last.reports["steps"], last.reports["heat"]) == (44, 4.0)
    troubled = True
    with pytest.raises(Diverged, match="step 44: beta V is inf"):
        next(run)
