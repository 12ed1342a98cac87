"""Training that begins again with hot walkers: what is told meanwhile, and that it ends cold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mfbench import Context, hot_start
from mfbench.tasks.judging import Answers
from mfbench_committor import triple_well
from mfbench_committor.entries.triple_well import TripleWellParameters
from mfbench_jax import is_sgd
from mfbench_jax.blocks import watch
from mfbench_jax.blocks.landscape import SURVEYED
from mfbench_jax.is_sgd import UPDATES, may_be_hot, solve
from mfbench_jax.is_sgd_entry import ImportanceSampling

SMALL = {"windows": 8, "ladders": 8, "width": 24, "moves": 3}


def run(problem, budget=math.inf, elapsed=0.0, **parameters):
    """All checkpoints."""
    context = Context(seed=11, device="cpu", threads=1, budget=budget, elapsed=lambda: elapsed)
    return list(solve(problem, ImportanceSampling(**parameters), context))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [({}, True), ({"heat": 1.0}, False), ({"windows_in": "q"}, False), ({"sampler": "string"}, False)],
)
def test_walkers_in_windows_along_the_logit_may_be_hot(parameters, expected):
    assert may_be_hot(ImportanceSampling(**parameters)) is expected


def test_training_begins_again_and_ends_cold(well, monkeypatch):
    """A well that is not rare, taken for one after 40 updates of 800: it is learned all the same."""
    monkeypatch.setattr(hot_start, "SURE", 40)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    problem, judge = well
    found = run(problem, updates=800, **SMALL)
    heats = np.array([checkpoint.reports.get("heat", 1.0) for checkpoint in found])
    assert np.all(heats[:11] == 1.0) and heats[11] == 4.0
    hot = heats > 1.0
    assert np.all(np.diff(heats[11:]) <= 0.0) and heats[-1] == 1.0
    assert hot.sum() == (hot_start.COLD * 800 - 40) // UPDATES
    for checkpoint, is_hot in zip(found[1:], hot[1:], strict=True):
        assert ("rate" in checkpoint.reports) is not is_hot, "hot walkers tell no rate of this process"
        assert np.all(np.isfinite(list(checkpoint.reports.values())))
    walkers = SMALL["windows"] * SMALL["ladders"]
    assert [checkpoint.reports["steps"] for checkpoint in found[1:]] == [*range(UPDATES, 801, UPDATES)]
    assert found[-1].work["evaluations"] == SURVEYED + walkers * (2 + 800 * SMALL["moves"]), "two starts"
    first, before, after, last = (
        judge.headline(np.asarray(one.evaluate(one.state, judge.reactive.x))).value
        for one in (found[0], found[10], found[11], found[-1])
    )
    assert last < first / 4
    assert abs(after - first) < 0.2 * abs(before - first), "what was learned is forgotten"
    assert found[-1].reports["rate"] == pytest.approx(judge.rate.value, rel=0.25)


def test_what_was_noticed_is_looked_at_before_training_begins_again(well, monkeypatch):
    """With the steps of the walkers that noticed it, and not of those that begin."""
    monkeypatch.setattr(hot_start, "SURE", 40)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    looked = []
    monkeypatch.setattr(watch, "check", lambda noticed, step, energy, begun: looked.append((step, begun)))
    run(well[0], updates=200, **SMALL)
    assert looked[9:13] == [(36, 0), (40, 0), (40, 40), (44, 40)]


def test_outcomes_have_no_say_while_walkers_are_hot(well, monkeypatch):
    """They are those of the problem's own process, whose committor is another one."""
    monkeypatch.setattr(hot_start, "SURE", 80)
    monkeypatch.setattr(hot_start, "RARE", 0.0)
    make, seen = is_sgd.make_training, []

    def watched(*parts):
        training = make(*parts)

        def advance(state, lesson):
            seen.append((float(state.walkers.heat), float(np.max(lesson.weight))))
            return training.advance(state, lesson)

        return training._replace(advance=advance)

    monkeypatch.setattr(is_sgd, "make_training", watched)
    run(well[0], updates=400, supervised=True, **SMALL)
    heats, weights = np.transpose(seen)
    hot = heats > 1.0
    first = np.flatnonzero(hot)[0]
    assert weights[first - 1] > 0.0, "there are outcomes by then"
    assert np.all(weights[hot] == 0.0) and np.all(weights[first:][~hot[first:]] > 0.0)
    assert not hot[-1]


@pytest.mark.slow
def test_the_cold_triple_wells_rate_needs_hot_walkers():
    """24000 updates each: with walkers that were hot it is right to 15 %, without it is several times too high."""
    parameters = TripleWellParameters(beta=6.67, radius=0.2)
    problem, judge = triple_well.build(parameters, seed=3), triple_well.judge(parameters, seed=3)
    inquiry, errors = judge.inquiry, {}
    for heat in (1.0, 4.0):
        last = run(problem, updates=24000, heat=heat)[-1]
        looks, finals = (np.asarray(last.evaluate(last.state, x)) for x in (inquiry.looks, inquiry.finals))
        slopes = np.asarray(last.gradient(last.state, inquiry.gradients))
        answers = Answers(looks=looks, finals=finals, gradients=slopes, reports=last.reports)
        scores = judge.metrics(answers)
        errors[heat] = [scores[name].value for name in ("rate_dirichlet", "rate_slab", "rate_reported")]
    assert max(errors[4.0]) < 0.15 < 0.5 < max(errors[1.0])
